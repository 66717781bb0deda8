"""What all pages of the project look like."""

from importlib import resources


def base_css() -> str:
    """Colours in light and dark, type, and the parts that several pages have."""
    return resources.files(__package__).joinpath("base.css").read_text("utf-8")
