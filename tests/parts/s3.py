"""An S3 server on a free port of 127.0.0.1 with one empty bucket, `tracks`.

It prints its port once it serves. It ends when its standard input does, so it never outlives who
started it.
"""

import logging
import sys
import threading
import urllib.request

from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

# Where something is put on condition that nothing is there, it looks and puts in two steps.
one_at_a_time, put_object = threading.Lock(), S3Response.put_object


def put_in_turn(response):
    with one_at_a_time:
        return put_object(response)


S3Response.put_object = put_in_turn
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
bucket = urllib.request.Request(f"http://{host}:{port}/tracks", method="PUT")
urllib.request.urlopen(bucket).close()
print(port, flush=True)
sys.stdin.read()
server.stop()
