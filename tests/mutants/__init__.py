"""Mutants: small wrong changes of the code behind the verdicts, each of which a named test must find. See __main__."""
