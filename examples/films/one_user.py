"""Recommends to one person of MovieLens-100K, among films that the person has not seen."""

from evals.datasets import DATASETS
from recommender import Recommender

dataset = DATASETS.load("movielens-100k")
films = dataset.load(dataset.fetch(print))  # fetched once, kept in the user cache
events = sorted((event for event in films.events if event.user_id == "42"), key=lambda event: event.time)
history = [event.item_id for event in events[-10:]]
seen = [event.item_id for event in events]

with Recommender.from_config("films.yaml", catalog=films.items) as rec:
    found = rec.recommend(history, exclude=seen, candidates=["50", "64", "127", "172", "313", "483"], k=3)

for item in found:
    print(f"{item.rank}. {item.title}")
