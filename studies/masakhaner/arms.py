"""The arms of the study as its page names them, and what is asked of which two."""

ARMS = {
    "target": "target only",
    "joint": "JT",
    "joint-half": "JT, half of the target batch",
    "metaxl-frozen-L12": "frozen RTN",
    "metaxl-L12": "MetaXL",
}
CONTRASTS = {  # by the evidence's key: an arm, the arm that is taken from it, and what that asks for
    "joint-target": ("joint", "target", "transfer from English"),
    "metaxl-joint": ("metaxl-L12", "joint", "MetaXL beyond joint training"),
    "metaxl-frozen": ("metaxl-L12", "metaxl-frozen-L12", "that phi learns"),
    "half-joint": ("joint-half", "joint", "half of each target batch"),
    "frozen-half": ("metaxl-frozen-L12", "joint-half", "an RTN as it was drawn"),
}
STEPS = (
    ("joint-half", "joint"),
    ("metaxl-frozen-L12", "joint-half"),
    ("metaxl-L12", "metaxl-frozen-L12"),
    ("metaxl-L12", "joint"),
)
