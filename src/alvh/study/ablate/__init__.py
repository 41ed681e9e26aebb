"""Ablation of a policy (R35, C14): what each adaptive element is worth, taken out alone and added alone."""
