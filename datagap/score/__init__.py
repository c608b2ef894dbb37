"""The score: what detections get right, held to an answer key or to a team's corrections."""

from datagap.score.scoring import RESAMPLES, Scorer, score

__all__ = ["RESAMPLES", "Scorer", "score"]
