"""The recommender over HTTP: :func:`recommender.serve.app.create_app` makes the application (extra ``[serve]``)."""
