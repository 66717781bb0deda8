"""First stages: who picks the candidates where none are given.  One file each."""

from backends import Registry

from .base import FirstStage, build_first_stage

FIRST_STAGES = Registry(
    noun="first stage", package="recommender.retrieval", attribute="FIRST_STAGE", group="promptrec.first_stages"
)

__all__ = ["FIRST_STAGES", "FirstStage", "build_first_stage"]
