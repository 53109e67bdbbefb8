"""The Odds API v4: quotes and results of many bookmakers, with a budget of credits."""
