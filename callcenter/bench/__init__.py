"""How much the product costs and how fast it answers, measured over real HTTP beside a floor in the same run."""
