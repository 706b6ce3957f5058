//! What a voucher does to the prices of an order, and when it is taken.

use proptest::prelude::*;
use usher_protocol::Unit;

use crate::ids::draw_event_id;

use super::*;

const NOW: Timestamp = Timestamp(1_000);

fn voucher(terms: VoucherTerms) -> Voucher {
    Voucher {
        id: VoucherId::draw(draw_event_id(NOW), NOW),
        code: "OWLS".parse().unwrap(),
        terms,
        is_stopped: false,
        created_at: NOW,
        uses: 2,
    }
}

fn terms() -> VoucherTerms {
    VoucherTerms {
        name: "Owls".into(),
        discount: Some(Discount::Percent(50)),
        unlocks: false,
        tiers: Some(vec![TierId(1)]),
        max_uses: None,
        max_per_order: None,
        valid: SaleWindow::default(),
    }
}

fn line(tier: u16, price: i64) -> PriceLine {
    PriceLine {
        unit: Unit(0),
        tier: TierId(tier),
        price,
        fee: 0,
        tax: 0,
    }
}

#[track_caller]
fn check(terms: VoucherTerms, lines: &[PriceLine], expected: Result<&[i64], VoucherRefusal>) {
    let applied = voucher(terms).apply(lines, NOW);
    let prices = applied.map(|lines| lines.iter().map(|line| line.price).collect::<Vec<_>>());
    assert_eq!(prices, expected.map(<[i64]>::to_vec));
}

#[test]
fn a_discount_is_rounded_line_by_line_and_never_below_nothing() {
    for (discount, price, expected) in [
        (Discount::Percent(10), 4_500, 4_050),
        (Discount::Percent(50), 5, 2),
        (Discount::Percent(33), 100, 67),
        (Discount::Percent(33), 50, 33),
        (Discount::Percent(100), 4_500, 0),
        (Discount::Amount(500), 4_500, 4_000),
        (Discount::Amount(5_000), 4_500, 0),
        (Discount::Price(2_000), 4_500, 2_000),
        (Discount::Price(2_000), 1_000, 1_000),
    ] {
        assert_eq!(discount.of(price), expected, "{discount:?} of {price}");
    }
}

#[test]
fn a_voucher_lowers_what_it_is_for_and_asks_for_some_of_it() {
    check(
        terms(),
        &[line(1, 101), line(2, 100), line(1, 101)],
        Ok(&[50, 100, 50]),
    );
    check(terms(), &[line(2, 100)], Err(VoucherRefusal::NotForThese));
    let two = VoucherTerms {
        max_per_order: Some(2),
        ..terms()
    };
    check(
        two.clone(),
        &[line(1, 100), line(1, 100), line(2, 100)],
        Ok(&[50, 50, 100]),
    );
    check(two, &[line(1, 100); 3], Err(VoucherRefusal::TooMany(2)));
}

#[test]
fn a_voucher_is_good_in_its_time_as_often_as_it_says() {
    let of = |max_uses, from: Option<u64>, until: Option<u64>| VoucherTerms {
        max_uses,
        valid: SaleWindow {
            from: from.map(Timestamp),
            until: until.map(Timestamp),
        },
        ..terms()
    };
    let lines = [line(1, 100)];
    check(of(Some(3), None, None), &lines, Ok(&[50]));
    check(of(Some(2), None, None), &lines, Err(VoucherRefusal::UsedUp));
    check(of(None, Some(1_000), Some(1_001)), &lines, Ok(&[50]));
    check(of(None, Some(1_001), None), &lines, Err(VoucherRefusal::NotNow));
    check(of(None, None, Some(1_000)), &lines, Err(VoucherRefusal::NotNow));
    let stopped = Voucher {
        is_stopped: true,
        ..voucher(terms())
    };
    assert_eq!(stopped.apply(&lines, NOW), Err(VoucherRefusal::Unknown));
}

#[test]
fn a_code_is_read_as_people_type_it() {
    let read = |text: &str| text.parse::<VoucherCode>().ok().map(|code| code.to_string());
    assert_eq!(read(" owls-27 ").as_deref(), Some("OWLS-27"));
    for bad in ["", "OWL", "OW LS", "ÖWLS", "A_BCD", &"A".repeat(41)] {
        assert_eq!(read(bad), None, "{bad:?}");
    }
}

proptest! {
    #[test]
    fn a_price_is_never_raised_nor_below_nothing(price in 0..=i64::MAX, percent in 0..=100_u8, value in 0..=i64::MAX) {
        for discount in [Discount::Percent(percent), Discount::Amount(value), Discount::Price(value)] {
            prop_assert!((0..=price).contains(&discount.of(price)), "{:?}", discount);
        }
    }
}
