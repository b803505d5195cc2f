"""Sets of pictures that their owners let nobody fetch by program, and where to get them."""

# name: folders of its domains (the first that is there counts), and where to get it
SETS: dict[str, tuple[dict[str, tuple[str, ...]], str]] = {
    "office31": (
        {name: (f"{name}/images", name) for name in ("amazon", "dslr", "webcam")},
        "the page of Office-31's authors (Saenko et al., ECCV 2010; UC Berkeley)",
    ),
    "office-home": (
        {
            "art": ("Art",),
            "clipart": ("Clipart",),
            "product": ("Product",),
            "real-world": ("Real World", "RealWorld", "Real_World"),
        },
        "the Office-Home page (Venkateswara et al., CVPR 2017)",
    ),
    "pacs": (
        {
            "art-painting": ("art_painting",),
            "cartoon": ("cartoon",),
            "photo": ("photo",),
            "sketch": ("sketch",),
        },
        "the page of its authors (Li et al., ICCV 2017) or DomainBed's download script",
    ),
    "vlcs": (
        {name.lower(): (name,) for name in ("Caltech101", "LabelMe", "SUN09", "VOC2007")},
        "DomainBed's download script (Fang et al., ICCV 2013)",
    ),
    "domainnet": (
        {n: (n,) for n in ("clipart", "infograph", "painting", "quickdraw", "real", "sketch")},
        "the DomainNet page (Peng et al., ICCV 2019), the cleaned version and its lists",
    ),
    "visda2017": (
        {"train": ("train",), "validation": ("validation",)},
        "the VisDA-2017 page, classification track: train.tar and validation.tar",
    ),
    "terra-incognita": (
        {f"location-{n}": (f"location_{n}", f"location-{n}") for n in (38, 43, 46, 100)},
        "DomainBed's download script (Beery et al., ECCV 2018; Caltech camera traps)",
    ),
}
