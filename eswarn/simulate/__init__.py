"""Made-up schools with known causes: records of pupils who never lived, to try everything on."""

from eswarn.simulate.ceiling import Ceiling, ceiling, write_causes
from eswarn.simulate.world import simulate, simulate_with_causes

__all__ = ["Ceiling", "ceiling", "simulate", "simulate_with_causes", "write_causes"]
