//! Each warning once, and a renewal noticed.

use super::*;

const DEVICE: PublicKey = PublicKey([1; 32]);
const HOUR_MS: u64 = 60 * 60 * 1000;
const END: Timestamp = Timestamp(1_000 * HOUR_MS);

fn before(hours: u64) -> Timestamp {
    Timestamp(END.0 - hours * HOUR_MS)
}

#[test]
fn each_warning_is_news_once_and_so_is_a_renewal() {
    let mut watch = CertificateWatch::default();
    let day = CertificateNews::Warning(WarningLevel::Day);
    for (until, now, news) in [
        (END, before(30), None),
        (END, before(24), Some(day)),
        (END, before(20), None),
        (
            END,
            before(6),
            Some(CertificateNews::Warning(WarningLevel::SixHours)),
        ),
        (END, before(5), None),
        // A clock that is set back says nothing twice.
        (END, before(20), None),
        (END, before(1), Some(CertificateNews::Warning(WarningLevel::Hour))),
        (END, END, Some(CertificateNews::Warning(WarningLevel::Ended))),
        (END.plus_ms(48 * HOUR_MS), END, Some(CertificateNews::Renewed)),
        (END.plus_ms(48 * HOUR_MS), END, None),
        (END.plus_ms(48 * HOUR_MS), END.plus_ms(24 * HOUR_MS), Some(day)),
    ] {
        assert_eq!(watch.news(DEVICE, until, now), news, "{now:?}");
    }
}

#[test]
fn a_device_that_was_started_late_still_hears_the_warning_that_is_due() {
    let mut watch = CertificateWatch::default();
    let news = watch.news(DEVICE, END, before(1));
    assert_eq!(news, Some(CertificateNews::Warning(WarningLevel::Hour)));
}

#[test]
fn a_renewal_is_shown_for_a_short_time() {
    let mut watch = CertificateWatch::default();
    watch.news(DEVICE, END, before(2));
    assert!(!watch.was_renewed(&DEVICE, before(2)));
    watch.news(DEVICE, END.plus_ms(1), before(1));
    assert!(watch.was_renewed(&DEVICE, before(1)));
    watch.news(DEVICE, END.plus_ms(1), before(1).plus_ms(60_000));
    assert!(watch.was_renewed(&DEVICE, before(1).plus_ms(60_000)));
    assert!(!watch.was_renewed(&DEVICE, before(1).plus_ms(RENEWED_SHOWN_MS)));
}
