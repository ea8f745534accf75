"""The fork: the country rolled forward over sampled futures, with a move and without. Pure: no publisher."""
