//! Stripe's API against a strict service that speaks it: first the gateway alone, then the cloud as a program.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;
use usher_cloud::ids::{ChargeReference, RefundId};
use usher_cloud::money::{DeclineReason, Money};
use usher_cloud::payment::stripe::{Stripe, StripeError, StripePlace};
use usher_cloud::payment::{
    ChargeRequest, GatewayError, PaymentGateway, PaymentName, PaymentToken, RefundPart,
};
use usher_cloud::selling::course::{PaymentStatus, RefundStatus};
use usher_keys::{EventId, Timestamp};
use usher_tests::psp::{KEY, Psp, PspFault};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::patience::until;

const PRICE: i64 = 4_900;
const WEBHOOK_SECRET: &str = "whsec_usher";

/// A gateway, the service behind it, and the file of its key.
struct Till {
    gateway: PaymentGateway,
    psp: Psp,
    _files: TempDir,
}

fn key_file(files: &TempDir, key: &str) -> anyhow::Result<PathBuf> {
    let file = files.path().join("stripe.key");
    std::fs::write(&file, format!("{key}\n"))?;
    Ok(file)
}

impl Till {
    async fn open() -> anyhow::Result<Self> {
        Self::with_key(KEY).await
    }

    async fn with_key(key: &str) -> anyhow::Result<Self> {
        let (psp, files) = (Psp::start().await?, tempfile::tempdir()?);
        let api = format!("http://{}", psp.address);
        let place = StripePlace {
            api: &api,
            key_file: &key_file(&files, key)?,
            webhook_secret_file: Path::new(""),
        };
        let stripe = Stripe::new(place, "http://tickets.example")?;
        Ok(Self {
            gateway: PaymentGateway::Stripe(stripe),
            psp,
            _files: files,
        })
    }

    /// Opens a payment.
    async fn payment(&self) -> anyhow::Result<PaymentName> {
        let reference = ChargeReference::draw(EventId([1; 16]), Timestamp(1));
        let id = self.gateway.open(reference, price()?).await?;
        Ok(PaymentName {
            reference,
            id: Some(id),
        })
    }

    async fn charge(&self, payment: &PaymentName, token: &str) -> anyhow::Result<PaymentStatus> {
        let charge = ChargeRequest {
            payment: payment.clone(),
            amount: price()?,
            token: PaymentToken(token.to_owned()),
        };
        Ok(self.gateway.charge(charge).await?)
    }
}

fn price() -> anyhow::Result<Money> {
    Ok(Money {
        minor: PRICE,
        currency: "EUR".parse()?,
    })
}

fn id(payment: &PaymentName) -> &str {
    payment.id.as_ref().map_or("", |id| &id.0)
}

#[tokio::test]
async fn a_card_that_works_is_charged_once_and_given_back_once() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let payment = till.payment().await?;
    assert_eq!(till.gateway.fetch(&payment).await?, PaymentStatus::Unpaid);
    for _ in 0..2 {
        assert_eq!(till.charge(&payment, "pm_card_visa").await?, PaymentStatus::Paid);
        assert_eq!(till.psp.taken(), PRICE);
    }
    // The same key with another card is not another charge.
    let other = till.charge(&payment, "pm_card_visa_processing").await;
    ensure!(matches!(refusal(other)?, GatewayError::Refused(_)));
    assert_eq!(till.gateway.cancel(&payment).await?, PaymentStatus::Paid);
    for _ in 0..2 {
        assert_eq!(till.gateway.refund(&payment, None).await?, RefundStatus::Given);
        assert_eq!(till.psp.taken(), 0);
    }
    assert_eq!(till.gateway.fetch(&payment).await?, PaymentStatus::Refunded);
    Ok(())
}

fn refusal<T>(answer: anyhow::Result<T>) -> anyhow::Result<GatewayError> {
    let error = answer.err().context("it was answered")?;
    error
        .downcast()
        .map_err(|error| error.context("not the gateway's"))
}

#[tokio::test]
async fn a_decline_has_its_reason_and_what_is_given_up_cannot_be_charged() -> anyhow::Result<()> {
    let till = Till::open().await?;
    for (token, reason) in [
        ("pm_card_visa_chargeDeclined", DeclineReason::Card),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            DeclineReason::InsufficientFunds,
        ),
        ("pm_card_chargeDeclinedExpiredCard", DeclineReason::ExpiredCard),
        ("pm_card_chargeDeclinedIncorrectCvc", DeclineReason::WrongNumbers),
    ] {
        let payment = till.payment().await?;
        assert_eq!(
            till.charge(&payment, token).await?,
            PaymentStatus::Declined(reason)
        );
        let canceled = PaymentStatus::Canceled(Some(reason));
        assert_eq!(till.gateway.cancel(&payment).await?, canceled);
        assert_eq!(till.gateway.cancel(&payment).await?, canceled);
    }
    let payment = till.payment().await?;
    let unknown = till.charge(&payment, "4242 4242").await?;
    assert_eq!(unknown, PaymentStatus::Declined(DeclineReason::UnknownToken));
    assert_eq!(
        till.gateway.cancel(&payment).await?,
        PaymentStatus::Canceled(None)
    );
    let late = till.charge(&payment, "pm_card_visa").await?;
    assert_eq!(late, PaymentStatus::Canceled(None));
    assert_eq!(till.psp.taken(), 0);
    Ok(())
}

#[tokio::test]
async fn a_bank_may_ask_the_buyer_or_take_its_time() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let (asked, refused, slow) = (
        till.payment().await?,
        till.payment().await?,
        till.payment().await?,
    );
    for payment in [&asked, &refused] {
        let status = till.charge(payment, "pm_card_threeDSecure2Required").await?;
        let PaymentStatus::ActionRequired(action) = &status else {
            anyhow::bail!("the bank asks: {status:?}")
        };
        ensure!(action.url.ends_with(id(payment)), "{}", action.url);
        assert_eq!(till.gateway.fetch(payment).await?, status);
    }
    ensure!(till.psp.answer(id(&asked), true) && till.psp.answer(id(&refused), false));
    assert_eq!(till.gateway.fetch(&asked).await?, PaymentStatus::Paid);
    let reason = DeclineReason::NotAuthenticated;
    assert_eq!(
        till.gateway.fetch(&refused).await?,
        PaymentStatus::Declined(reason)
    );

    assert_eq!(
        till.charge(&slow, "pm_card_visa_processing").await?,
        PaymentStatus::Processing
    );
    assert_eq!(till.gateway.cancel(&slow).await?, PaymentStatus::Processing);
    ensure!(till.psp.succeed(id(&slow)));
    assert_eq!(till.gateway.cancel(&slow).await?, PaymentStatus::Paid);
    Ok(())
}

#[tokio::test]
async fn a_service_that_fails_says_nothing_of_the_money_and_is_asked_again() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let payment = till.payment().await?;
    till.psp
        .fail_next(&[Some(PspFault::TooMany), Some(PspFault::Failure)]);
    for status in [429, 500, 500] {
        let error = refusal(till.charge(&payment, "pm_card_visa").await)?;
        ensure!(
            matches!(error, GatewayError::Busy { status: said } if said == status),
            "{error:?}"
        );
    }
    // It was done all the same.
    assert_eq!(till.gateway.fetch(&payment).await?, PaymentStatus::Paid);
    assert_eq!(till.psp.taken(), PRICE);
    Ok(())
}

#[tokio::test]
async fn money_on_its_way_back_is_followed_and_not_only_its_first_answer() -> anyhow::Result<()> {
    let till = Till::open().await?;
    // It was given back, and the answer was a failure, which the key keeps for a day.
    let payment = till.payment().await?;
    till.charge(&payment, "pm_card_visa").await?;
    till.psp.fail_next(&[None, Some(PspFault::Failure)]);
    let error = refusal(till.gateway.refund(&payment, None).await.map_err(Into::into))?;
    ensure!(matches!(error, GatewayError::Busy { status: 500 }), "{error:?}");
    assert_eq!(till.gateway.refund(&payment, None).await?, RefundStatus::Given);
    assert_eq!(till.psp.taken(), 0);
    // A bank that takes its time has it at first.
    let payment = till.payment().await?;
    till.charge(&payment, "pm_card_visa_processing").await?;
    till.psp.succeed(id(&payment));
    for _ in 0..2 {
        assert_eq!(till.gateway.refund(&payment, None).await?, RefundStatus::Pending);
    }
    till.psp.give_back();
    assert_eq!(till.gateway.refund(&payment, None).await?, RefundStatus::Given);
    Ok(())
}

#[tokio::test]
async fn parts_are_given_back_once_each_and_never_more_than_was_paid() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let payment = till.payment().await?;
    till.charge(&payment, "pm_card_visa").await?;
    let part = |minor| -> anyhow::Result<RefundPart> {
        Ok(RefundPart {
            refund: RefundId::draw(EventId([1; 16]), Timestamp(1)),
            attempt: 1,
            amount: Money { minor, ..price()? },
        })
    };
    // The answer to the first request is lost: it is found again, and not made twice.
    let first = part(1_900)?;
    till.psp.fail_next(&[None, Some(PspFault::Failure)]);
    let lost = refusal(
        till.gateway
            .refund(&payment, Some(&first))
            .await
            .map_err(Into::into),
    )?;
    ensure!(matches!(lost, GatewayError::Busy { status: 500 }), "{lost:?}");
    for _ in 0..2 {
        assert_eq!(
            till.gateway.refund(&payment, Some(&first)).await?,
            RefundStatus::Given
        );
        assert_eq!(till.psp.taken(), PRICE - 1_900);
    }
    // More than is left is refused for good, by whatever attempt.
    let mut beyond = part(PRICE - 1_899)?;
    for attempt in 1..3 {
        beyond.attempt = attempt;
        let refused = refusal(
            till.gateway
                .refund(&payment, Some(&beyond))
                .await
                .map_err(Into::into),
        )?;
        ensure!(matches!(refused, GatewayError::Refused(_)), "{refused:?}");
    }
    // So little that no card is charged with it can be given back all the same.
    assert_eq!(
        till.gateway.refund(&payment, Some(&part(1)?)).await?,
        RefundStatus::Given
    );
    let rest = part(PRICE - 1_901)?;
    assert_eq!(
        till.gateway.refund(&payment, Some(&rest)).await?,
        RefundStatus::Given
    );
    assert_eq!(till.psp.taken(), 0);
    assert_eq!(till.gateway.fetch(&payment).await?, PaymentStatus::Refunded);
    Ok(())
}

#[tokio::test]
async fn only_a_key_of_the_test_mode_is_taken_and_it_is_shown_nowhere() -> anyhow::Result<()> {
    let live = Till::with_key("sk_live_secret").await;
    let error = live.err().context("a live key was taken")?;
    ensure!(matches!(error.downcast_ref(), Some(StripeError::NotTestMode)));
    ensure!(!format!("{error:?}").contains("secret"));
    let till = Till::with_key("sk_test_secret").await?;
    ensure!(!format!("{:?}", till.gateway).contains("secret"));
    let error = refusal(till.payment().await)?;
    ensure!(matches!(&error, GatewayError::Busy { status: 401 }) && !format!("{error:?}").contains("secret"));
    Ok(())
}

/// A cloud that takes its money there.
async fn cloud(psp: &Psp, files: &TempDir, timeout_seconds: u32) -> anyhow::Result<Stage> {
    let secret = files.path().join("stripe.webhook");
    std::fs::write(&secret, WEBHOOK_SECRET)?;
    let settings = format!(
        "[payments]\ngateway = \"stripe\"\nstripe_api = \"http://{}\"\nstripe_key_file = {:?}\nstripe_webhook_secret_file = {:?}\n\
         timeout_seconds = {timeout_seconds}",
        psp.address,
        key_file(files, KEY)?.display().to_string(),
        secret.display().to_string(),
    );
    Stage::on_sale_with(Places::FEW, &settings).await
}

async fn reserve(stage: &Stage) -> anyhow::Result<String> {
    let wish = Wish::Any {
        tier: STANDING,
        quantity: 1,
    };
    let held: Value = stage.buyer().reserve(&wish).await?.expect(201)?.json()?;
    Ok(held["reservation_id"].as_str().context("an id")?.to_owned())
}

async fn settled(stage: &Stage, reservation: &str) -> anyhow::Result<Value> {
    until("the booking to be confirmed", async || {
        let path = format!("/v1/reservations/{reservation}");
        let found: Value = stage.cloud.http.get(&path).await?.expect(200)?.json()?;
        let Some(id) = found["booking"]["booking_id"].as_str() else {
            return Ok(None);
        };
        let path = format!("/v1/bookings/{id}");
        let booking: Value = stage.cloud.http.get(&path).await?.expect(200)?.json()?;
        Ok((booking["status"] == "confirmed").then_some(booking))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cloud_sells_against_it_whatever_the_bank_says() -> anyhow::Result<()> {
    let (psp, files) = (Psp::start().await?, tempfile::tempdir()?);
    let stage = cloud(&psp, &files, 2).await?;
    let buyer = stage.buyer();
    let first = reserve(&stage).await?;
    let declined = buyer
        .book(&first, "pm_card_visa_chargeDeclinedInsufficientFunds", "a")
        .await?
        .expect(402)?;
    ensure!(
        declined.text().contains("insufficient_funds"),
        "{}",
        declined.text()
    );
    let paid: Value = buyer
        .book(&first, "pm_card_visa", "b")
        .await?
        .expect(201)?
        .json()?;
    let price = paid["amount"].as_i64().context("an amount")?;
    assert_eq!(psp.taken(), price);

    let second = reserve(&stage).await?;
    let asked = buyer
        .book(&second, "pm_card_threeDSecure2Required", "c")
        .await?
        .expect(202)?;
    let asked: Value = asked.json()?;
    let bank = asked["action"]["redirect_to"].as_str().context("where to go")?;
    ensure!(bank.starts_with(&format!("http://{}", psp.address)), "{bank}");
    let intent = psp.intents().pop().context("an intent")?;
    ensure!(psp.answer(&intent, true));
    settled(&stage, &second).await?;
    assert_eq!(psp.taken(), 2 * price);

    // The charge is made, and the answer is lost: it is asked for, and not charged again.
    let third = reserve(&stage).await?;
    psp.fail_next(&[None, Some(PspFault::LostReply)]);
    buyer.book(&third, "pm_card_visa", "d").await?.expect(201)?;
    assert_eq!(psp.taken(), 3 * price);

    // A service that fails takes no money, then or later.
    let fourth = reserve(&stage).await?;
    psp.fail_next(&[None, Some(PspFault::TooMany)]);
    buyer.book(&fourth, "pm_card_visa", "e").await?.expect(503)?;
    assert_eq!(psp.taken(), 3 * price);
    buyer.book(&fourth, "pm_card_visa", "e").await?.expect(201)?;
    assert_eq!(psp.taken(), 4 * price);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_that_is_killed_after_the_charge_finds_it_again() -> anyhow::Result<()> {
    let (psp, files) = (Psp::start().await?, tempfile::tempdir()?);
    let mut stage = cloud(&psp, &files, 30).await?;
    let reservation = reserve(&stage).await?;
    psp.fail_next(&[None, Some(PspFault::LostReply)]);
    let buyer = stage.buyer();
    let process = &mut stage.cloud.process;
    let killed = async {
        until("the money to be taken", async || {
            Ok((psp.taken() > 0).then_some(()))
        })
        .await?;
        process.kill9()
    };
    let (booked, killed) = tokio::join!(buyer.book(&reservation, "pm_card_visa", "a"), killed);
    killed?;
    ensure!(booked.is_err(), "the cloud was killed before it could answer");
    stage.cloud.start_again().await?;
    let found = settled(&stage, &reservation).await?;
    assert_eq!(found["amount"].as_i64(), Some(psp.taken()));
    Ok(())
}

/// Sends a webhook; tells how it was answered.
async fn webhook(stage: &Stage, (signature, body): &(String, String)) -> anyhow::Result<u16> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/v1/webhooks/stripe", stage.cloud.http.base());
    let request = client
        .post(url)
        .header("Stripe-Signature", signature)
        .body(body.clone());
    Ok(request.send().await?.status().as_u16())
}

/// How a reservation's booking stands, by what is written down: nobody asks the payment service for it.
async fn written(stage: &Stage, reservation: &str) -> anyhow::Result<Value> {
    let path = format!("/v1/reservations/{reservation}");
    let found: Value = stage.cloud.http.get(&path).await?.expect(200)?.json()?;
    Ok(found["booking"]["status"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_hurries_and_a_forged_one_does_not() -> anyhow::Result<()> {
    let (psp, files) = (Psp::start().await?, tempfile::tempdir()?);
    let stage = cloud(&psp, &files, 30).await?;
    let reservation = reserve(&stage).await?;
    let buyer = stage.buyer();
    buyer
        .book(&reservation, "pm_card_threeDSecure2Required", "a")
        .await?
        .expect(202)?;
    let intent = psp.intents().pop().context("an intent")?;
    ensure!(psp.answer(&intent, true));

    let asked = psp.requests();
    let forged = psp.webhook(&intent, "whsec_other")?;
    assert_eq!(webhook(&stage, &forged).await?, 400);
    let (signature, body) = psp.webhook(&intent, WEBHOOK_SECRET)?;
    assert_eq!(
        webhook(&stage, &(signature.clone(), body.replace("evt_", "evt_x"))).await?,
        400
    );
    assert_eq!(webhook(&stage, &(String::new(), body.clone())).await?, 400);
    assert_eq!(psp.requests(), asked);
    assert_eq!(written(&stage, &reservation).await?, "action_required");

    // Told twice, it is looked at and issued once.
    for _ in 0..2 {
        assert_eq!(webhook(&stage, &(signature.clone(), body.clone())).await?, 204);
    }
    until("the webhook to be followed", async || {
        Ok((written(&stage, &reservation).await? == "confirmed").then_some(()))
    })
    .await?;
    // What is about nothing of ours is taken and changes nothing.
    let elsewhere = till_elsewhere(&psp).await?;
    let foreign = psp.webhook(&elsewhere, WEBHOOK_SECRET)?;
    assert_eq!(webhook(&stage, &foreign).await?, 204);
    Ok(())
}

/// Opens a payment that the cloud knows nothing of.
async fn till_elsewhere(psp: &Psp) -> anyhow::Result<String> {
    let files = tempfile::tempdir()?;
    let place = StripePlace {
        api: &format!("http://{}", psp.address),
        key_file: &key_file(&files, KEY)?,
        webhook_secret_file: Path::new(""),
    };
    let gateway = PaymentGateway::Stripe(Stripe::new(place, "http://tickets.example")?);
    let reference = ChargeReference::draw(EventId([1; 16]), Timestamp(1));
    Ok(gateway.open(reference, price()?).await?.0)
}
