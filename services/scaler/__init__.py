"""`muster scaler`: reads what workers and relay nodes say, and says how many of them are wanted."""
