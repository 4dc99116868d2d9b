"""Example models as BentoML services: what a data-science team hands over to Tandem."""
