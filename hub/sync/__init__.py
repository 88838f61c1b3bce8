"""How records move: land, delta, normalise, guard, merge, deliver, prove, quarantine. Names no entity."""
