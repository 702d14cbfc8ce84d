//! Words and what they say of a number beside them.
//!
//! English, as agents and programs write it; letters of any case, `camelCase` and `snake_case` taken apart.
//! A word of up to 16 letters is one `u128`, and the table is searched by its hash.

use super::finding::TextKind as Kind;

/// What a word says: bits of kinds, and the bits below.
pub(in crate::redact) type Sense = u32;

/// The kinds among a sense.
pub(super) const KINDS: Sense = (1 << Kind::ALL.len()) - 1;
/// It speaks of another number: an order, an invoice, a parcel.
pub(super) const AGAINST: Sense = 1 << 16;
/// It may stand between a label and its value: `is`, `number`, `the`.
pub(super) const LINK: Sense = 1 << 17;
/// A version of software, or a section of a text.
pub(super) const VERSION: Sense = 1 << 18;
/// A password of any characters may follow.
pub(super) const PASSWORD: Sense = 1 << 19;
/// A code, which is a secret where the word before says so.
pub(super) const CODE: Sense = 1 << 20;
/// A place with a telephone: a label only where nothing stands between.
pub(super) const PLACE: Sense = 1 << 22;
/// It says of a code that it is a secret.
pub(super) const OF_CODE: Sense = 1 << 21;

/// Longest word in the table.
const MAX_WORD: usize = 16;

/// What a word says; nothing where it is not in the table.
pub(super) fn sense(word: &[u8]) -> Sense {
    if word.len() > MAX_WORD { 0 } else { sense_of_packed(pack(word)) }
}

/// The word that ends at a place, as [`word_start`] finds it: where it begins, and what it says.
#[inline]
pub(super) fn word_before(text: &[u8], end: usize) -> (usize, Sense) {
    let (mut len, mut low, mut high, mut next) = (0_usize, 0_u64, 0_u64, b'a');
    for letter in text.get(..end).unwrap_or_default().iter().rev() {
        let is_step = letter.is_ascii_lowercase() && next.is_ascii_uppercase();
        if !letter.is_ascii_alphabetic() || is_step {
            break;
        }
        let small = u64::from(letter | 0x20);
        if len < 8 {
            low |= small << (8 * len);
        } else if len < MAX_WORD {
            high |= small << (8 * (len - 8));
        }
        (len, next) = (len + 1, *letter);
    }
    let said = if len > MAX_WORD { 0 } else { sense_of_packed(u128::from(high) << 64 | u128::from(low)) };
    (end - len, said)
}

fn sense_of_packed(packed: u128) -> Sense {
    let mut at = slot(packed);
    while let Some((entry, sense)) = TABLE.get(at) {
        if *entry == packed {
            return *sense;
        }
        if *entry == 0 {
            break;
        }
        at += 1;
    }
    0
}

/// What the words of a column's, field's or key's name say together.
pub(in crate::redact) fn sense_of_label(label: &str) -> Sense {
    let bytes = label.as_bytes();
    let (mut all, mut end) = (sense_of_whole(bytes), bytes.len());
    let mut after_code = false;
    while end > 0 {
        let (start, found) = word_before(bytes, end);
        if start == end {
            end -= 1;
            continue;
        }
        if after_code && found & OF_CODE != 0 {
            all |= Kind::Secret.bit();
        }
        after_code = found & CODE != 0;
        all |= found;
        end = start;
    }
    if all & PASSWORD != 0 { all | Kind::Secret.bit() } else { all }
}

/// A name that is a word only without its separators: `d_o_b`, `E-Mail`.
fn sense_of_whole(label: &[u8]) -> Sense {
    let mut letters = [0_u8; MAX_WORD];
    let mut len = 0;
    for letter in label.iter().filter(|byte| byte.is_ascii_alphabetic()) {
        let Some(place) = letters.get_mut(len) else { return 0 };
        (*place, len) = (*letter, len + 1);
    }
    sense(letters.get(..len).unwrap_or_default())
}

/// Where the word begins that ends here: ASCII letters, and no step from a small letter to a capital.
pub(super) fn word_start(text: &[u8], end: usize) -> usize {
    let mut start = end;
    while let Some(before) = start.checked_sub(1) {
        let letter = super::units::byte(text, before);
        let next = super::units::byte(text, start);
        let is_step = start < end && letter.is_ascii_lowercase() && next.is_ascii_uppercase();
        if !letter.is_ascii_alphabetic() || is_step {
            break;
        }
        start = before;
    }
    start
}

/// Whether a word is the name of a month, or the first three letters of one.
pub(super) fn is_month(word: &[u8]) -> bool {
    let Some(&[a, b, c]) = word.first_chunk() else { return false };
    let rest: &[u8] = match [a | 0x20, b | 0x20, c | 0x20] {
        [b'j', b'a', b'n'] => b"uary",
        [b'f', b'e', b'b'] => b"ruary",
        [b'm', b'a', b'r'] => b"ch",
        [b'a', b'p', b'r'] => b"il",
        [b'm', b'a', b'y'] => b"",
        [b'j', b'u', b'n'] => b"e",
        [b'j', b'u', b'l'] => b"y",
        [b'a', b'u', b'g'] => b"ust",
        [b's', b'e', b'p'] => b"tember",
        [b'o', b'c', b't'] => b"ober",
        [b'n', b'o', b'v'] | [b'd', b'e', b'c'] => b"ember",
        _ => return false,
    };
    let said = word.get(3..).unwrap_or_default();
    said.is_empty() || said.eq_ignore_ascii_case(rest) || word.eq_ignore_ascii_case(b"sept")
}

const fn pack(word: &[u8]) -> u128 {
    let (mut packed, mut at) = (0_u128, 0);
    while at < word.len() {
        #[expect(clippy::indexing_slicing, reason = "below the length")]
        let letter = word[at].to_ascii_lowercase();
        packed = packed << 8 | letter as u128;
        at += 1;
    }
    packed
}

const SSN: Sense = Kind::Ssn.bit();
const ITIN: Sense = Kind::Itin.bit();
const PHONE: Sense = Kind::Phone.bit();
const CARD: Sense = Kind::Card.bit();
const IMEI: Sense = Kind::Imei.bit();
const MEID: Sense = Kind::Meid.bit();
const IMSI: Sense = Kind::Imsi.bit();
const ICCID: Sense = Kind::Iccid.bit();
const EID: Sense = Kind::Eid.bit();
const IP: Sense = Kind::Ip.bit();
const EMAIL: Sense = Kind::Email.bit();
const ACCOUNT: Sense = Kind::Account.bit();
const SECRET: Sense = Kind::Secret.bit();
const BIRTH: Sense = Kind::BirthDate.bit();

/// The words by what they say.
const WORDS: &[(Sense, &[&str])] = &[
    (SSN, &["ssn", "ssns", "ss", "social", "soc", "socialsecurity", "ssnumber"]),
    (ITIN, &["itin", "itins", "tin", "atin", "taxpayer"]),
    (SSN | ITIN, &["tax", "taxid"]),
    (
        PHONE,
        &[
            "phone",
            "phones",
            "telephone",
            "tel",
            "mobile",
            "cell",
            "cellphone",
            "cellular",
            "fax",
            "ph",
            "call",
            "calls",
            "called",
            "calling",
            "callback",
            "cb",
            "cbr",
            "dial",
            "dialed",
            "dialled",
            "text",
            "texted",
            "sms",
            "whatsapp",
            "msisdn",
            "mdn",
            "ctn",
            "ani",
            "mtn",
            "btn",
            "reach",
            "reached",
            "contact",
            "landline",
            "voicemail",
            "answering",
            "messages",
            "pager",
            "phonenumber",
            "mobilenumber",
            "tn",
            "rang",
        ],
    ),
    (PLACE, &["desk", "office", "home", "work"]),
    (
        CARD,
        &[
            "card",
            "cards",
            "credit",
            "debit",
            "visa",
            "mastercard",
            "amex",
            "discover",
            "cc",
            "ccn",
            "pan",
            "maestro",
            "diners",
            "jcb",
            "cardnumber",
            "creditcard",
            "cardno",
        ],
    ),
    (IMEI, &["imei", "imeis", "imeisv", "handset", "device"]),
    (MEID, &["meid", "meids", "esn"]),
    (IMSI, &["imsi", "imsis", "supi"]),
    (ICCID, &["iccid", "iccids", "sim", "simcard", "icc", "uicc"]),
    (EID, &["eid", "eids", "esim", "euicc"]),
    (IP, &["ip", "ips", "ipv", "ipaddr", "ipaddress", "host", "client", "subnet", "gateway"]),
    (EMAIL, &["email", "mail", "emailaddress"]),
    (ACCOUNT, &["account", "acct", "acc", "accountnumber", "accountno", "acctno", "ban", "accountid"]),
    (SECRET, &["pin", "pins", "otp", "cvv", "cvc", "csc", "pincode", "mpin", "totp", "accountpin"]),
    (SECRET | PASSWORD, &["passcode", "passcodes"]),
    (PASSWORD, &["password", "passwd", "passphrase", "pwd", "secret", "passwords"]),
    (BIRTH, &["dob", "birth", "born", "birthdate", "birthday", "bday", "dateofbirth"]),
    (CODE, &["code", "codes"]),
    (
        OF_CODE,
        &[
            "verification",
            "access",
            "auth",
            "authorization",
            "authentication",
            "login",
            "unlock",
            "transfer",
            "time",
            "recovery",
            "port",
            "out",
        ],
    ),
    (OF_CODE, &["security"]),
    (
        AGAINST,
        &[
            "order",
            "orders",
            "invoice",
            "invoices",
            "tracking",
            "ticket",
            "tickets",
            "case",
            "ref",
            "reference",
            "confirmation",
            "po",
            "sku",
            "part",
            "model",
            "serial",
            "isbn",
            "issn",
            "doi",
            "routing",
            "aba",
            "rtn",
            "zip",
            "zipcode",
            "postal",
            "transaction",
            "txn",
            "trx",
            "claim",
            "incident",
            "bug",
            "issue",
            "commit",
            "batch",
            "lot",
            "upc",
            "ean",
            "gtin",
            "timestamp",
            "epoch",
            "fedex",
            "usps",
            "ups",
            "dhl",
            "parcel",
            "shipment",
            "shipping",
            "job",
            "rma",
            "quote",
            "receipt",
            "meter",
            "vin",
            "asset",
            "item",
            "product",
            "catalog",
            "article",
            "session",
            "trace",
            "hash",
            "checksum",
            "uuid",
            "guid",
            "bytes",
            "size",
            "offset",
            "count",
            "total",
            "pid",
            "seq",
            "sequence",
            "contract",
            "promo",
            "coupon",
            "sequential",
            "nonce",
            "message",
            "msg",
            "request",
            "barcode",
            "waybill",
            "package",
            "booking",
            "reservation",
            "flight",
            "patent",
            "docket",
            "error",
        ],
    ),
    (
        VERSION,
        &[
            "version", "ver", "v", "release", "build", "firmware", "sw", "fw", "os", "android", "ios",
            "chrome", "section", "kernel", "driver", "rev", "revision", "baseband", "chapter", "software",
            "rfc", "upgrade", "upgraded", "update",
        ],
    ),
    (
        LINK,
        &[
            "is",
            "was",
            "s",
            "no",
            "num",
            "nbr",
            "number",
            "numbers",
            "nr",
            "the",
            "of",
            "for",
            "to",
            "a",
            "an",
            "as",
            "on",
            "at",
            "file",
            "are",
            "digits",
            "digit",
            "my",
            "your",
            "his",
            "her",
            "their",
            "our",
            "customer",
            "cust",
            "customers",
            "caller",
            "agent",
            "me",
            "us",
            "him",
            "them",
            "new",
            "old",
            "current",
            "updated",
            "set",
            "changed",
            "used",
            "be",
            "it",
            "gave",
            "given",
            "provided",
            "provides",
            "entered",
            "says",
            "said",
            "states",
            "stated",
            "confirm",
            "confirmed",
            "verify",
            "verified",
            "date",
            "in",
            "with",
            "value",
            "back",
            "ok",
            "okay",
            "so",
            "um",
            "uh",
            "please",
            "yes",
            "sure",
            "full",
            "equals",
            "she",
            "he",
            "they",
            "and",
            "read",
            "temp",
            "temporary",
            "user",
            "via",
            "or",
            "try",
            "now",
            "that",
            "would",
            "has",
            "id",
            "primary",
            "alt",
            "alternate",
        ],
    ),
];

/// Places for words: several for each, so that most look-ups read one.
const SLOTS: usize = 2048;
/// Places behind the last, for words that found theirs taken.
const SPARE: usize = 16;

/// The words packed, each in the first free place from its own on; 0 is none.
static TABLE: [(u128, Sense); SLOTS + SPARE] = table();

const fn slot(packed: u128) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "all bits are taken in, and the top ones are kept")]
    let mixed =
        ((packed as u64) ^ ((packed >> 64) as u64).rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 53) as usize
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which would refuse a place outside")]
const fn table() -> [(u128, Sense); SLOTS + SPARE] {
    let mut table = [(0, 0); SLOTS + SPARE];
    let mut row = 0;
    while row < WORDS.len() {
        let (sense, words) = WORDS[row];
        let mut column = 0;
        while column < words.len() {
            let packed = pack(words[column].as_bytes());
            let mut place = slot(packed);
            while table[place].0 != 0 {
                place += 1;
            }
            table[place] = (packed, sense);
            column += 1;
        }
        row += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_there_once_and_found() {
        let all: Vec<_> = WORDS.iter().flat_map(|(_, words)| *words).collect();
        assert_eq!(
            all.iter().collect::<std::collections::BTreeSet<_>>().len(),
            all.len(),
            "a word stands twice"
        );
        assert_eq!(TABLE.last(), Some(&(0, 0)), "a search may run off the end");
        for (said, words) in WORDS {
            for word in *words {
                assert!(word.len() <= MAX_WORD, "{word}");
                assert_eq!(sense(word.as_bytes()), *said, "{word}");
                assert_eq!(sense(word.to_uppercase().as_bytes()), *said, "{word}");
            }
        }
        assert_eq!((sense(b""), sense(b"ssnx"), sense(b"averyveryverylongword")), (0, 0, 0));
    }

    #[test]
    fn names_of_columns_are_taken_apart() {
        for (label, kind) in [
            ("customerSsn", Kind::Ssn),
            ("home_phone", Kind::Phone),
            ("Account PIN", Kind::Secret),
            ("security-code", Kind::Secret),
            ("dateOfBirth", Kind::BirthDate),
            ("D.O.B.", Kind::BirthDate),
            ("E-Mail", Kind::Email),
            ("client_secret", Kind::Secret),
        ] {
            assert!(sense_of_label(label) & kind.bit() != 0, "{label}");
        }
        assert_eq!(sense_of_label("zip code") & KINDS, 0);
        assert_eq!(sense_of_label("plan") & KINDS, 0);
    }

    #[test]
    fn months() {
        assert!(["jan", "Sept", "september", "MAY"].iter().all(|word| is_month(word.as_bytes())));
        assert!(["ja", "janu", "marching", "mayo", ""].iter().all(|word| !is_month(word.as_bytes())));
    }
}
