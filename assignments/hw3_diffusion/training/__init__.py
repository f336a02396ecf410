"""How the models of this homework are trained and looked at; given to you."""
