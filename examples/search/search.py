"""Semantic search over the docstrings of Python's own standard library.

TF-IDF over words and word pairs, reduced to 200 dimensions by a truncated SVD (latent semantic analysis). Everything heavy stays
in this process between calls; what was read and fitted is kept in a file for the next start.
"""

import ast
import pickle
import platform
import re
import sys
import sysconfig
import time
from importlib.metadata import version
from pathlib import Path

import numpy

DIMENSIONS = 200
SHORTEST = 60  # characters; a shorter docstring says no more than its name
SKIPPED = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "__pycache__", "pydoc_data", "turtledemo"}

index = None


def load(options):
    """Read, fit, or take both from the file of an earlier run. Returns what was done."""
    global index
    began = time.perf_counter()
    store = Path(options["store"])
    made_by = f"{platform.python_version()} {version('scikit-learn')} {numpy.__version__}"
    index = _read_store(store, made_by)
    is_kept = index is not None
    if not is_kept:
        index = {"made_by": made_by, **_fit(list(_read_docstrings(Path(sysconfig.get_path("stdlib")))))}
        store.write_bytes(pickle.dumps(index, protocol=5))
    return {
        "documents": len(index["documents"]),
        "dimensions": DIMENSIONS,
        "seconds": time.perf_counter() - began,
        "kept": is_kept,
    }


def search(question, top=3):
    """The documents nearest in meaning: `[{ name, score, summary }]`, best first."""
    vector = _unit(index["reducer"].transform(index["vectorizer"].transform([question])))[0]
    scores = index["vectors"] @ vector
    best = numpy.argsort(-scores)[:top]
    return [
        {
            "name": index["documents"][place][0],
            "score": round(float(scores[place]), 3),
            "summary": index["documents"][place][1].strip().splitlines()[0],
        }
        for place in best
    ]


def topics(options):
    """A long call: group all documents, and name each group by its strongest words."""
    from sklearn.cluster import KMeans

    groups = KMeans(options["count"], n_init=2, random_state=0).fit(index["vectors"])
    words = index["vectorizer"].get_feature_names_out()
    weights = index["reducer"].inverse_transform(groups.cluster_centers_)
    sizes = numpy.bincount(groups.labels_)
    order = numpy.argsort(-sizes)
    return [{"size": int(sizes[g]), "words": [words[w] for w in numpy.argsort(-weights[g])[:4]]} for g in order]


def _words(name):
    """`zipfile.ZipFile.read_all` names what it is about as well as any sentence."""
    return re.sub(r"([a-z])([A-Z])|[._]", r"\1 \2", name)


def where(_):
    """The environment this runs in."""
    return sys.prefix


def _fit(documents):
    # Imported when there is something to fit: scikit-learn takes a second, and a start should not.
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(stop_words="english", sublinear_tf=True, min_df=2, ngram_range=(1, 2), max_features=60_000)
    matrix = vectorizer.fit_transform(f"{_words(name)} {text}" for name, text in documents)
    reducer = TruncatedSVD(DIMENSIONS, random_state=0)
    vectors = _unit(reducer.fit_transform(matrix))
    return {"documents": documents, "vectorizer": vectorizer, "reducer": reducer, "vectors": vectors}


def _unit(vectors):
    lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / numpy.where(lengths == 0, 1, lengths)).astype(numpy.float32)


def _read_store(store, made_by):
    try:
        kept = pickle.loads(store.read_bytes())
    except (OSError, pickle.UnpicklingError, EOFError):
        return None
    return kept if kept.get("made_by") == made_by else None


def _read_docstrings(stdlib):
    """Yield (qualified name, docstring) of every module, class and function with more than a few words to say."""
    for path in sorted(stdlib.rglob("*.py")):
        parts = path.relative_to(stdlib).with_suffix("").parts
        if SKIPPED.intersection(parts):
            continue
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        module = ".".join(part for part in parts if part != "__init__")
        yield from _walk(module, tree)


def _walk(name, node):
    text = ast.get_docstring(node)
    if text and len(text) >= SHORTEST:
        yield name, text
    for child in node.body:
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not child.name.startswith("_"):
            yield from _walk(f"{name}.{child.name}", child)
