"""Database routers, as sites have them that keep users elsewhere."""


class People:
    def db_for_read(self, model, **hints):
        return "people" if model._meta.app_label in ("auth", "sessions") else None

    db_for_write = db_for_read


class Users:
    def db_for_read(self, model, **hints):
        return "people" if model._meta.app_label == "auth" else None

    db_for_write = db_for_read
