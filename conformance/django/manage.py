#!/usr/bin/env python3
"""Django's command line for this site, and one command more:

    manage.py serve    serves on a free port of the loopback, prints the address,
                       and ends when its standard input does
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

sys.dont_write_bytecode = True
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")


class Server(WSGIServer):
    """Has threads that stay, each with its connection to the database: another connection for
    each request is most of what a request costs PostgreSQL."""

    request_queue_size = 128
    threads = ThreadPoolExecutor(32)

    def process_request(self, request, client_address):
        self.threads.submit(self.process, request, client_address)

    def process(self, request, client_address):
        try:
            self.finish_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)


class Handler(WSGIRequestHandler):
    def address_string(self):
        return self.client_address[0]

    def log_message(self, *args):
        pass


def end_with_stdin():
    while os.read(0, 4096):
        pass
    os._exit(0)


def serve():
    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Handler)
    print("http://127.0.0.1:%d" % server.server_port, flush=True)
    threading.Thread(target=end_with_stdin, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
