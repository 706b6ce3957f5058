"""Stripe's own client for Python, pointed at the payment service of the tests: it must read every answer, and believe the webhooks.

    python client.py ADDRESS KEY < {"secret": ..., "signature": ..., "body": ...}
"""

import json
import sys

import stripe

address, key = sys.argv[1:]
client = stripe.StripeClient(key, base_addresses={"api": address}, max_network_retries=0)
intents, refunds = client.v1.payment_intents, client.v1.refunds


def opened(name):
    return intents.create(
        {"amount": 4900, "currency": "eur", "automatic_payment_methods": {"enabled": True}, "metadata": {"charge": name}},
        {"idempotency_key": name},
    )


def confirm(intent, card, **options):
    params = {"payment_method": card, "return_url": "http://tickets.example"}
    return intents.confirm(intent.id, params, options or None)


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"it was not refused with {kind.__name__}")


def same(found, expected):
    assert found == expected, f"{found!r} instead of {expected!r}"


# A card that works, charged once however often it is asked under one key.
paid = opened("a")
same(paid.status, "requires_payment_method")
same(opened("a").id, paid.id)
for _ in range(2):
    same(confirm(paid, "pm_card_visa", idempotency_key="a-confirm").status, "succeeded")
refused(stripe.IdempotencyError, lambda: confirm(paid, "pm_card_visa_processing", idempotency_key="a-confirm"))
found = intents.retrieve(paid.id, {"expand": ["latest_charge"]})
same((found.amount_received, found.latest_charge.amount_refunded, found.metadata["charge"]), (4900, 0, "a"))

# Parts are given back, and never more than was paid.
same(refunds.create({"payment_intent": paid.id, "amount": 1900}).status, "succeeded")
refused(stripe.InvalidRequestError, lambda: refunds.create({"payment_intent": paid.id, "amount": 3001}))
same(refunds.create({"payment_intent": paid.id}).amount, 3000)
error = refused(stripe.InvalidRequestError, lambda: refunds.create({"payment_intent": paid.id}))
same(error.code, "charge_already_refunded")
same([refund.amount for refund in refunds.list({"payment_intent": paid.id}).data], [3000, 1900])

# All of them are listed, page by page, and only those of a time.
for name in "xyz":
    opened(name)
listed = list(intents.list({"limit": 2}).auto_paging_iter())
same([intent.metadata["charge"] for intent in listed[:4]], ["z", "y", "x", "a"])
same([intent.id for intent in listed[3:]], [paid.id, "pi_1"])
same([refund.amount for refund in refunds.list({"limit": 1}).auto_paging_iter()], [3000, 1900])
assert paid.id in [intent.id for intent in intents.list({"created": {"gte": paid.created}}).data]
same(intents.list({"created": {"gte": paid.created + 1000}}).data, [])
refused(stripe.InvalidRequestError, lambda: intents.list({"starting_after": "pi_0"}))

# A decline says why; a bank may ask first; what is given up is not charged.
error = refused(stripe.CardError, lambda: confirm(opened("b"), "pm_card_visa_chargeDeclinedInsufficientFunds"))
same((error.http_status, error.code, error.error.decline_code), (402, "card_declined", "insufficient_funds"))
asked = confirm(opened("c"), "pm_card_threeDSecure2Required")
same((asked.status, asked.next_action.type), ("requires_action", "redirect_to_url"))
assert asked.next_action.redirect_to_url.url.startswith(address + "/bank/")
same(intents.cancel(asked.id).status, "canceled")
error = refused(stripe.InvalidRequestError, lambda: confirm(asked, "pm_card_visa"))
same((error.code, error.error.payment_intent.status), ("payment_intent_unexpected_state", "canceled"))

# A bank takes the money back: nothing is given back then, and what is said about it decides.
for text, status in [("winning_evidence", "won"), ("losing_evidence", "lost")]:
    disputed = confirm(opened(text), "pm_card_createDispute")
    same(disputed.status, "succeeded")
    (dispute,) = client.v1.disputes.list({"payment_intent": disputed.id, "expand": ["data.payment_intent"]}).data
    same((dispute.status, dispute.amount), ("needs_response", 4900))
    same(dispute.payment_intent.metadata["charge"], text)
    error = refused(stripe.InvalidRequestError, lambda: refunds.create({"payment_intent": disputed.id}))
    same(error.code, "charge_disputed")
    answer = {"evidence": {"uncategorized_text": text}, "submit": True}
    same(client.v1.disputes.update(dispute.id, answer).status, status)

# What it does not know it refuses, and it fails as Stripe does.
error = refused(stripe.InvalidRequestError, lambda: intents.create({"amount": 1, "currency": "eur", "tip": 1}))
same((error.code, error.http_status), ("parameter_unknown", 400))
refused(stripe.RateLimitError, lambda: confirm(opened("d"), "pm_card_tooManyRequests"))
refused(stripe.APIError, lambda: confirm(opened("e"), "pm_card_failure"))
stranger = stripe.StripeClient("sk_test_stranger", base_addresses={"api": address})
refused(stripe.AuthenticationError, lambda: stranger.v1.payment_intents.retrieve(paid.id))
endpoint = client.v1.webhook_endpoints.create({"url": "http://tickets.example", "enabled_events": ["*"]})
assert endpoint.secret.startswith("whsec_")

# Its webhooks are believed, and a forged one is not.
told = json.load(sys.stdin)
event = stripe.Webhook.construct_event(told["body"], told["signature"], told["secret"])
same((event.type, event.data.object.id), ("payment_intent.requires_payment_method", "pi_1"))
forged = told["body"].replace("pi_1", "pi_2")
refused(
    stripe.SignatureVerificationError,
    lambda: stripe.Webhook.construct_event(forged, told["signature"], told["secret"]),
)
print("accepted")
