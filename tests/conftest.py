"""Settings of every test: Hypothesis repeats its examples, so that a failure is the same everywhere.

`pytest --hypothesis-profile=explore` looks further, and differently each time.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeat",
    derandomize=True,
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("explore", settings.get_profile("repeat"), derandomize=False, max_examples=500)
settings.load_profile("repeat")
