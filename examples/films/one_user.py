"""Recommends to one person of MovieLens-100K, among well-known films that the person has not rated."""

from collections import Counter

from evals.datasets import DATASETS
from recommender import Recommender

dataset = DATASETS.load("movielens-100k")
films = dataset.load(dataset.fetch(print))  # fetched once, kept in the user cache
events = sorted((event for event in films.events if event.user_id == "42"), key=lambda event: event.time)
history = [event.item_id for event in events[-10:]]
rated = {event.item_id for event in events}
popular = Counter(event.item_id for event in films.events).most_common()
candidates = [item_id for item_id, _ in popular if item_id not in rated][:6]

with Recommender.from_config("films.yaml", catalog=films.items) as rec:
    found = rec.recommend(history, candidates=candidates, k=3)

for item in found:
    print(f"{item.rank}. {item.title}")
