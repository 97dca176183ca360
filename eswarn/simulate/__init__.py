"""Made-up schools with known causes: records of pupils who never lived, to try everything on."""

from eswarn.simulate.world import simulate, simulate_with_causes

__all__ = ["simulate", "simulate_with_causes"]
