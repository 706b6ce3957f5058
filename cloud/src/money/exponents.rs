//! How many digits of an amount stand behind the decimal point, for every currency that people pay with.
//!
//! **Source**: ISO 4217, list one, without funds, metals and codes for tests.

/// The currencies by that number.
const EXPONENTS: [(usize, &str); 4] = [
    (
        0,
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    ),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK \
         DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD \
         KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP \
         PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH \
         USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

/// Returns the number of a currency; `None` if it is none.
pub fn exponent(code: &str) -> Option<usize> {
    let found = EXPONENTS
        .iter()
        .find(|(_, codes)| codes.split(' ').any(|found| found == code));
    found.map(|(exponent, _)| *exponent)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_currency_has_one_exponent() {
        let codes = || EXPONENTS.iter().flat_map(|(_, codes)| codes.split(' '));
        let distinct: BTreeSet<_> = codes().collect();
        assert_eq!(distinct.len(), codes().count());
        assert!(codes().all(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())));
        for (code, expected) in [
            ("EUR", Some(2)),
            ("JPY", Some(0)),
            ("KWD", Some(3)),
            ("CLF", Some(4)),
            ("XTS", None),
            ("EU", None),
            ("", None),
        ] {
            assert_eq!(exponent(code), expected, "{code}");
        }
    }
}
