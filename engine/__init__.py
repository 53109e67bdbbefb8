"""The machine: markets, money, time, risk. It knows no opinion and imports nothing of research."""
