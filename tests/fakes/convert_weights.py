"""The default model's weights as safetensors, made from the GGUF file once; run in the environment that has torch.

python tests/fakes/convert_weights.py MODEL.gguf FOLDER
"""

import sys
from pathlib import Path


def convert(gguf: Path, folder: Path) -> None:
    """Writes a folder that transformers and vLLM load: the same weights, in full precision."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = {"gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(str(gguf.parent), dtype=torch.float32, **place)
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), **place)
    if hasattr(model, "hf_quantizer"):  # they are not quantised any more
        del model.hf_quantizer
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    part = folder.with_suffix(".part")
    model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    part.rename(folder)


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
