#!/usr/bin/env python3
"""A millrace worker in Python: serves job types over RabbitMQ, with pika (Debian: python3-pika).

It holds to the rules of README.md: publisher confirms before acks, nothing run twice without asking, a lease for
what takes long, cancels, and a connection that comes back. The two jobs at the end are the example.

    MILLRACE_AMQP_URL=amqp://guest:guest@localhost:5672 python3 worker.py
"""
import collections
import json
import logging
import os
import signal
import threading
import time
import traceback
import uuid

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

LEASE_AFTER_S = 30
LEASE_RENEW_S = 20
ASK_AGAIN_S = 2
GRACE_S = 8

# What reading a message raises that is not as it should be.
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)

log = logging.getLogger("worker")


class Stopped(Exception):
    """Raised by a job that was told to stop and has."""


class RetryAfter(Exception):
    """Raised by a job that failed and is to be tried again after so many seconds."""

    def __init__(self, seconds, reason):
        super().__init__(reason)
        self.seconds = seconds


class Delivery:
    """A message of starts, one or a bundle of them: acked once, when each of its starts is."""

    def __init__(self, channel, method, count):
        self.channel = channel
        self.tag = method.delivery_tag
        self.redelivered = method.redelivered
        self.left = count

    def ack(self):
        """Of one start."""
        self.left -= 1
        if self.left == 0:
            self.channel.basic_ack(self.tag)


class Attempt:
    """One run of one start; what job code is given."""

    def __init__(self, start, delivery):
        self.start = start
        self.start_id = start["startId"]
        self.execution_id = str(uuid.uuid4())
        self.args = start.get("args")
        self.data = merged(start.get("data", []))
        self.results = start.get("results", {})
        self.cancelled = threading.Event()
        self.delivery = delivery  # None once this start of it is acked, or it is lost
        self.received = time.monotonic()
        self.state = "waiting"  # → asking → fetching → waiting → running → answered
        self.redelivered = delivery.redelivered
        self.is_alone = False
        self.is_lost = False
        self.leased = False
        self.timed_out = False
        self.asked = 0.0
        self.began = None
        self.parts = {}
        self.answer = None

    @property
    def key(self):
        """The same for every try of this job: what must not happen twice may be named by it."""
        return "%s/%s" % (self.start["requestId"], self.start["jobId"])

    def about(self):
        return {
            "key": self.start["answer"]["key"],
            "attempt": self.start["attempt"],
            "executionId": self.execution_id,
        }

    def copy(self):
        which = {"claim": self.start["claim"]}
        if "replaces" in self.start:
            which["replaces"] = self.start["replaces"]
        return which


def timed_out(attempt):
    limit = attempt.start["timeoutMs"]
    return ("attempt.failed", {"reason": "timed out after %d ms" % limit})


def bodies_of(bundle):
    """The bodies of the messages that came as one; raises one of UNREADABLE where they cannot be had."""
    bodies = [message["body"].encode() for message in json.loads(bundle)["messages"]]
    if not bodies:
        raise ValueError("an empty bundle")
    return bodies


def merged(maps):
    data = {}
    for each in maps:
        data.update(each)
    return data


class Worker:
    def __init__(self, url, jobs, prefix="millrace", concurrency=4):
        self.url = url
        self.jobs = jobs
        self.prefix = prefix
        self.concurrency = concurrency
        self.held = {}  # start id → Attempt
        self.waiting = collections.deque()
        self.claims = {}  # partition → highest claim seen
        self.cancelled = collections.OrderedDict()
        self.alone = None
        self.stopping = None
        self.connection = None

    # ---- the connection

    def serve(self):
        """Serves until SIGTERM or SIGINT, over as many connections as it takes."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        pause = 0.5
        while not self.is_done():
            try:
                self.connect()
                pause = 0.5
                while not self.is_done():
                    self.connection.process_data_events(time_limit=0.2)
                    self.tick()
            except (AMQPError, OSError) as error:
                log.warning("no connection (%r); trying again in %.1f s", error, pause)
                self.lose()
                time.sleep(pause)
                pause = min(pause * 2, 10)
        self.leave()

    def connect(self):
        parameters = pika.URLParameters(self.url)
        parameters.heartbeat = 5
        parameters.client_properties = {"connection_name": "python worker %d" % os.getpid()}
        self.connection = pika.BlockingConnection(parameters)
        self.publishing = self.connection.channel()
        self.publishing.confirm_delivery()
        own = self.connection.channel()
        self.replies = own.queue_declare("", exclusive=True).method.queue
        control = own.queue_declare("", exclusive=True).method.queue
        own.queue_bind(control, self.name("control"))
        own.basic_consume(self.replies, self.on_reply, auto_ack=True)
        own.basic_consume(control, self.on_reply, auto_ack=True)
        self.publish("hosts", "attempt.hello", {}, asking=True)
        for attempt in list(self.held.values()):
            if attempt.answer is not None:
                self.settle(attempt)
            elif attempt.leased:
                self.renew(attempt)
        self.consuming = self.connection.channel()
        self.consuming.basic_qos(prefetch_count=2 * self.concurrency)
        self.unserved = set(self.jobs)
        self.subscribe()

    def subscribe(self):
        """Consumes what is there. A host declares a queue before its first start; a worker need not be allowed to."""
        self.looked = time.monotonic()
        for job_type in sorted(self.unserved):
            queue = self.name("job." + job_type)
            channel = self.connection.channel()
            try:
                channel.queue_declare(queue, passive=True)
            except ChannelClosedByBroker as error:
                if error.reply_code != 404:
                    raise
                continue
            channel.close()
            self.consuming.basic_consume(queue, self.on_delivery)
            self.unserved.remove(job_type)
            log.info("serving %s", job_type)

    def lose(self):
        """The broker has the deliveries back. What runs goes on; what does not will come again."""
        for attempt in list(self.held.values()):
            attempt.delivery = None
            attempt.is_lost = not attempt.leased
            if attempt.state not in ("running", "answered"):
                self.forget(attempt)
        self.waiting.clear()
        self.alone = None

    def stop(self, *_):
        self.stopping = self.stopping or time.monotonic()

    def is_done(self):
        if self.stopping is None:
            return False
        busy = any(each.state in ("running", "answered") for each in self.held.values())
        return not busy or time.monotonic() > self.stopping + GRACE_S

    def leave(self):
        """Closing the connection gives back what is unacked; what is leased is said to be given back."""
        if self.connection is None or not self.connection.is_open:
            return
        for attempt in self.held.values():
            if attempt.leased:
                self.say(attempt, "attempt.return", {})
        self.connection.close()

    def name(self, rest):
        return "%s.%s" % (self.prefix, rest)

    # ---- what it says

    def publish(self, routing_key, message_type, body, asking=False, headers=None):
        """Returns once the broker has it; raises AMQPError when that is not known."""
        properties = pika.BasicProperties(
            message_id=str(uuid.uuid4()),
            type=message_type,
            content_type="application/json",
            delivery_mode=2,
            timestamp=int(time.time()),
            reply_to=self.replies if asking else None,
            headers=headers,
        )
        data = body if isinstance(body, bytes) else json.dumps(body, allow_nan=False).encode()
        self.publishing.basic_publish(self.name("results"), routing_key, data, properties)

    def say(self, attempt, message_type, fields, asking=False):
        answer = attempt.start["answer"]
        headers = {"group": answer["group"], "to": answer["to"], "from": "worker-python"}
        body = {**attempt.about(), **fields}
        self.publish(answer["routingKey"], message_type, body, asking, headers)

    def ask(self, attempt):
        attempt.asked = time.monotonic()
        if attempt.state == "asking":
            fields = {**attempt.copy(), "redelivered": attempt.redelivered}
            if attempt.is_alone:
                fields["alone"] = True
            self.say(attempt, "attempt.confirm", fields, asking=True)
        else:
            for part in range(attempt.start["parts"]):
                if part not in attempt.parts:
                    self.say(attempt, "attempt.fetch", {"part": part}, asking=True)

    def renew(self, attempt):
        """Takes the lease, or renews it; then the delivery is not needed any more."""
        if attempt.is_lost:
            return
        self.say(attempt, "attempt.lease", attempt.copy(), asking=True)
        attempt.asked = time.monotonic()
        attempt.leased = True
        self.ack(attempt)

    def ack(self, attempt):
        if attempt.delivery is not None:
            attempt.delivery.ack()
            attempt.delivery = None

    def finish(self, attempt, message_type, fields):
        attempt.state = "answered"
        attempt.answer = (message_type, fields)
        self.settle(attempt)

    def settle(self, attempt):
        """Confirmed by the broker, then acked, then forgotten. Of a lost delivery only success counts."""
        message_type, fields = attempt.answer
        if not attempt.is_lost or message_type == "attempt.succeeded":
            self.say(attempt, message_type, fields)
        self.ack(attempt)
        self.forget(attempt)

    def forget(self, attempt):
        self.held.pop(attempt.start_id, None)
        if attempt in self.waiting:
            self.waiting.remove(attempt)
        if self.alone is attempt:
            self.alone = None

    # ---- what it hears

    def on_delivery(self, channel, method, properties, body):
        """One start, or a bundle of them."""
        try:
            bodies = bodies_of(body) if properties.type == "bundle" else [body]
        except UNREADABLE:
            return self.refuse(body, Delivery(channel, method, 1))
        delivery = Delivery(channel, method, len(bodies))
        for each in bodies:
            self.on_start(each, delivery)

    def refuse(self, body, delivery):
        """Not for a worker to judge: a host sets it aside in millrace.rejected."""
        self.publish("00", "attempt.unreadable", body)
        delivery.ack()

    def on_start(self, body, delivery):
        try:
            start = json.loads(body)
            attempt = Attempt(start, delivery)
            partition, claim = start["answer"]["routingKey"], start["claim"]
        except UNREADABLE:
            return self.refuse(body, delivery)
        known = self.held.get(attempt.start_id)
        if known is not None:
            return self.adopt(known, delivery)
        self.held[attempt.start_id] = attempt
        newest = self.claims.get(partition)
        self.claims[partition] = max(claim, newest or 0)
        if delivery.redelivered or "replaces" in start or newest is None or claim < newest:
            attempt.state = "asking"
            self.ask(attempt)
        else:
            self.prepare(attempt)

    def adopt(self, known, delivery):
        """Another copy of what is held: it stands in for a lost delivery, else it is not needed."""
        if known.delivery is not None or known.leased:
            return delivery.ack()
        known.delivery = delivery
        known.is_lost = False

    def prepare(self, attempt):
        if attempt.start_id in self.cancelled:
            self.finish(attempt, "attempt.stopped", {})
        elif "parts" in attempt.start and len(attempt.parts) < attempt.start["parts"]:
            attempt.state = "fetching"
            self.ask(attempt)
        else:
            attempt.state = "waiting"
            self.waiting.append(attempt)
            self.pump()

    def on_reply(self, _channel, _method, properties, body):
        """Answers to this worker, and what every worker hears."""
        message = json.loads(body)
        if properties.type == "attempt.cancel":
            self.cancel(message["startIds"])
        elif properties.type == "attempt.report":
            self.on_report(message)
        else:
            execution = message.get("executionId")
            for attempt in list(self.held.values()):
                if attempt.execution_id == execution:
                    self.on_answer(attempt, properties.type, message)

    def on_report(self, report):
        partition = report["partition"]
        self.claims[partition] = max(report["claim"], self.claims.get(partition, 0))
        self.cancel(report.get("cancelled", []))
        if "namesTo" in report:
            mine = [i for i, a in self.held.items() if a.start["answer"]["routingKey"] == partition]
            names = {"partition": partition, "startIds": mine}
            self.publish(report["namesTo"], "attempt.named", names)

    def on_answer(self, attempt, message_type, message):
        if message_type == "attempt.input":
            attempt.parts[message["part"]] = message["text"]
            if attempt.state == "fetching" and len(attempt.parts) == attempt.start["parts"]:
                texts = [attempt.parts[part] for part in sorted(attempt.parts)]
                whole = json.loads("".join(texts))
                attempt.args, attempt.results = whole["args"], whole["results"]
                attempt.data = merged(whole["data"])
                self.prepare(attempt)
        elif message_type == "attempt.verdict":
            self.on_verdict(attempt, message)

    def on_verdict(self, attempt, message):
        verdict = message["verdict"]
        if verdict == "drop":
            attempt.cancelled.set()
            self.ack(attempt)
            self.forget(attempt)
        elif attempt.state != "asking":
            return
        elif verdict == "run":
            self.prepare(attempt)
        elif verdict == "alone":
            attempt.state = "alone"
            self.alone = attempt
        elif verdict == "stop":
            self.finish(attempt, "attempt.stopped", {})
        elif verdict == "fail":
            self.finish(attempt, "attempt.failed", {"reason": message["reason"], "final": True})

    def cancel(self, start_ids):
        for start_id in start_ids:
            self.cancelled[start_id] = True
            if len(self.cancelled) > 10_000:
                self.cancelled.popitem(last=False)
            attempt = self.held.get(start_id)
            if attempt is None:
                continue
            attempt.cancelled.set()
            if attempt.state == "waiting":
                self.finish(attempt, "attempt.stopped", {})
            elif attempt.state == "running" and not attempt.leased:
                self.renew(attempt)

    # ---- what it runs

    def running(self):
        return sum(1 for each in self.held.values() if each.state == "running")

    def pump(self):
        """Begins what there is room for; what kills workers is run alone."""
        if self.stopping is not None:
            return
        if self.alone is not None:
            if self.alone.state == "waiting" and self.running() == 0:
                self.waiting.remove(self.alone)
                self.begin(self.alone)
            return
        while self.waiting and self.running() < self.concurrency:
            self.begin(self.waiting.popleft())

    def begin(self, attempt):
        attempt.state = "running"
        attempt.began = time.monotonic()
        threading.Thread(target=self.run, args=(attempt,), daemon=True).start()

    def run(self, attempt):
        """In a thread of its own; what came of it is handed to the thread of the connection."""
        try:
            result = self.jobs[attempt.start["jobType"]](attempt)
            fields = {"result": result} if result is not None else {}
            json.dumps(fields, allow_nan=False)
            if attempt.data or len(attempt.start.get("data", [])) > 1:
                fields["data"] = attempt.data
            outcome = ("attempt.succeeded", fields)
        except Stopped:
            outcome = ("attempt.stopped", {})
        except RetryAfter as error:
            fields = {"reason": str(error), "retryAfterMs": int(error.seconds * 1000)}
            outcome = ("attempt.failed", fields)
        except Exception as error:  # pylint: disable=broad-except
            log.info("%s failed: %s", attempt.start_id, traceback.format_exc())
            outcome = ("attempt.failed", {"reason": "%s: %s" % (type(error).__name__, error)})
        if attempt.timed_out and outcome[0] != "attempt.succeeded":
            outcome = timed_out(attempt)
        attempt.answer = outcome

    def tick(self):
        now = time.monotonic()
        if self.unserved and now > self.looked + ASK_AGAIN_S:
            self.subscribe()
        for attempt in list(self.held.values()):
            if attempt.answer is not None:
                self.finish(attempt, *attempt.answer)
            elif attempt.state in ("asking", "fetching") and now > attempt.asked + ASK_AGAIN_S:
                self.ask(attempt)
            elif attempt.state == "alone" and self.running() == 0:
                attempt.is_alone, attempt.state = True, "asking"
                self.ask(attempt)
            elif attempt.leased and now > attempt.asked + LEASE_RENEW_S:
                self.renew(attempt)
            elif not attempt.leased and now > attempt.received + LEASE_AFTER_S:
                if attempt.state == "running":
                    self.renew(attempt)
            self.watch_time(attempt, now)
        self.pump()

    def watch_time(self, attempt, now):
        """A job that takes longer than it may is told to stop, and has failed when it does, or after the grace."""
        limit = attempt.start.get("timeoutMs")
        if limit is None or attempt.state != "running" or now < attempt.began + limit / 1000:
            return
        attempt.timed_out = True
        attempt.cancelled.set()
        if now > attempt.began + limit / 1000 + GRACE_S:
            attempt.answer = timed_out(attempt)


# ---- the jobs


def words(attempt):
    """Counts the words of a file."""
    with open(attempt.args["path"], encoding="utf-8") as file:
        return {"words": len(file.read().split())}


def nap(attempt):
    """Sleeps, and says in a file when it began: something that takes long and can be stopped."""
    with open(attempt.args["log"], "a", encoding="utf-8") as file:
        file.write("%s\n" % attempt.key)
    if attempt.cancelled.wait(attempt.args["seconds"]):
        raise Stopped()
    return {"slept": attempt.args["seconds"]}


def main():
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    url = os.environ.get("MILLRACE_AMQP_URL", "amqp://guest:guest@localhost:5672")
    prefix = os.environ.get("MILLRACE_PREFIX", "millrace")
    Worker(url, {"words": words, "nap": nap}, prefix).serve()


if __name__ == "__main__":
    main()
