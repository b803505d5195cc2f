"""Datasets: real texts and labels, from packages of an index, the network or a folder.

To add one write a function ``dataset(find) -> Dataset`` in a module here, which ends in
``texts.dataset``, and name it in ``DATASETS``: ``"module:function"``, or
``"module:function:argument"`` where what the function gives for these texts is the loader.
``find(archive)`` gives the verified path of a file, ``find.wanted`` the length of a row.

Nothing is imported here: see ``distilshift.registry``.
"""

REVIEWS = ("amazon", "movies", "news", "tweets")
PRODUCTS = ("books", "dvd", "electronics", "kitchen")

DATASETS: dict[str, str] = {
    **{f"reviews-{name}": f"reviews:rated:{name}" for name in REVIEWS},
    **{f"reviews-{name}-3": f"reviews:rated:{name}:neutral" for name in REVIEWS},
    **{f"products-{name}": f"products:products:{name}" for name in PRODUCTS},
    "spam-email": "spam:mails",
    "spam-sms": "spam:sms",
    "newsgroups-a": "newsgroups:newsgroups:a",
    "newsgroups-b": "newsgroups:newsgroups:b",
    "newsgroups-letters-a": "newsgroups:letters:a",
    "newsgroups-letters-b": "newsgroups:letters:b",
}
FOLDER = "folders:folder"  # rows of the user's own
TABLES = [".csv", ".jsonl", ".parquet"]  # files that may stand for a folder
# modules whose rows come in no common length: all
UNSIZED = ["reviews", "products", "spam", "newsgroups", "folders"]
