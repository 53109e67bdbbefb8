"""Small regressions with one optimum: ordered logit, multinomial logit, pools of forecasts, and Newton's method."""
