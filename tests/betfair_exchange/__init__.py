"""The Betfair API over HTTPS: the documented JSON-RPC in front of the venue with faults."""
