"""A real mail server (aiosmtpd) that does what a test asks of it.

    server.py FOLDER CERTIFICATE KEY

It listens on a free port of 127.0.0.1, prints it, and ends with its standard input. STARTTLS and a log-in are asked for. What it takes is
written to FOLDER/<number>.json. A line of FOLDER/faults is what it does once instead: "rcpt 550 no such user", "data 451 later", or
"lost": it takes the message and hangs up without an answer.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys
import threading

from aiosmtpd.smtp import SMTP, AuthResult

FOLDER, CERTIFICATE, KEY = sys.argv[1:4]
FAULTS = os.path.join(FOLDER, "faults")


def fault(stage):
    """Takes the first line of the faults if it is for this stage."""
    try:
        lines = open(FAULTS, encoding="utf-8").read().splitlines()
    except FileNotFoundError:
        return None
    if not lines or lines[0].split()[0] != stage:
        return None
    with open(FAULTS + ".new", "w", encoding="utf-8") as rest:
        rest.write("".join(line + "\n" for line in lines[1:]))
    os.rename(FAULTS + ".new", FAULTS)
    return lines[0][len(stage):].strip() or stage


def parts(message):
    """Tells what a reader of mail sees."""
    body = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    files = [
        {
            "name": part.get_filename(),
            "type": part.get_content_type(),
            "hex": part.get_payload(decode=True).hex(),
        }
        for part in message.iter_attachments()
    ]
    return {
        "headers": {name.lower(): str(value) for name, value in message.items()},
        "text": body["plain"].get_content() if body["plain"] else None,
        "html": body["html"].get_content() if body["html"] else None,
        "files": files,
    }


class Handler:
    taken = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        refused = fault("rcpt")
        if refused:
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        refused = fault("data")
        if refused:
            return refused
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        told = parts(message) | {
            "to": envelope.rcpt_tos,
            "from": envelope.mail_from,
            "tls": session.ssl is not None,
            "user": session.auth_data,
        }
        name = os.path.join(FOLDER, f"{Handler.taken}.json")
        Handler.taken += 1
        with open(name + ".new", "w", encoding="utf-8") as file:
            json.dump(told, file)
        os.rename(name + ".new", name)
        if fault("lost"):
            server.transport.abort()
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    is_right = data.login == b"usher" and data.password == b"open sesame"
    return AuthResult(success=is_right, handled=is_right, auth_data=data.login.decode())


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    handler = Handler()

    def connection():
        return SMTP(
            handler,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
        )

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# Whoever started it is gone when its input ends.
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
asyncio.run(main())
