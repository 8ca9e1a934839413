#!/usr/bin/env python3
"""Starts a chain over RabbitMQ and waits until it is committed, with pika (Debian: python3-pika).

    python3 publish.py count-words '{"paths": ["README.md"]}' [REQUEST_ID]

Prints the id of the request. Sent twice with the same id, or the same message id, it starts one chain.
"""
import json
import os
import sys
import uuid

import pika


def publish(request_type, args, request_id=None, timeout_s=30):
    """Returns the request's id; raises RuntimeError with the reason when it is refused."""
    url = os.environ.get("MILLRACE_AMQP_URL", "amqp://guest:guest@localhost:5672")
    prefix = os.environ.get("MILLRACE_PREFIX", "millrace")
    parameters = pika.URLParameters(url)
    connection = pika.BlockingConnection(parameters)
    channel = connection.channel()
    channel.confirm_delivery()
    answers = channel.queue_declare("", exclusive=True).method.queue
    body = {"requestType": request_type, "args": args}
    if request_id is not None:
        body["requestId"] = request_id
    properties = pika.BasicProperties(
        message_id=str(uuid.uuid4()),
        user_id=parameters.credentials.username,
        reply_to=answers,
        content_type="application/json",
        delivery_mode=2,
    )
    channel.basic_publish(
        prefix + ".commands", "request.create", json.dumps(body).encode(), properties, mandatory=True
    )
    for _method, answered, answer in channel.consume(
        answers, auto_ack=True, inactivity_timeout=timeout_s
    ):
        if answered is None:
            raise RuntimeError("no answer in %d s; it was taken and may still be started" % timeout_s)
        reply = json.loads(answer)
        connection.close()
        if not reply["ok"]:
            raise RuntimeError("%s: %s" % (reply["code"], reply["message"]))
        return answered.headers["group"]


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    try:
        print(publish(sys.argv[1], json.loads(sys.argv[2]), *sys.argv[3:]))
    except (RuntimeError, ValueError) as error:
        sys.exit("refused: %s" % error)
