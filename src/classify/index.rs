//! Blind indexes as a schema declares them, and the plan of how many bits a term may have.
//!
//! Rules: a field that would give somebody away by being equal is not indexed ([`IndexSpec`] says
//! which); a plan is refused where a term would point at one value, or would hardly filter. The numbers
//! are derived in `docs/spec/blind-index-v1.md` §4.
//!
//! Security note: a plan speaks of the population as it is declared. An index over fewer rows than that
//! says more of each of them.

use crate::error::TokenError;
use crate::vocabulary::{DataClass, FieldName};

/// Most fields of an index.
pub const MAX_INDEX_FIELDS: usize = 4;
/// Most indexes of a schema.
pub const MAX_INDEXES: usize = 16;
/// Most bits of a term. A longer one would be a name for its value in any population on Earth.
pub const MAX_TERM_BITS: u8 = 32;
/// Fewest rows for which an index is planned. Library default: fewer are opened and compared within a few
/// milliseconds, and an index of them tells who holds it more than it saves.
pub const MIN_INDEXED_ROWS: u64 = 1_000;

/// How many rows an index is over, and how their values are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Population {
    rows: u64,
    distinct: u64,
    most_common: u64,
}

impl Population {
    /// `rows` have a value; `distinct` different ones among them. Where values repeat, the most common one is
    /// taken to be twice as common as the average: say what it is, if you know.
    #[must_use]
    pub const fn new(rows: u64, distinct: u64) -> Self {
        let average = match rows.checked_div(distinct) {
            Some(average) => average,
            None => rows,
        };
        let most_common = if distinct >= rows { 1 } else { average.saturating_mul(2) };
        Self { rows, distinct, most_common }
    }

    /// In how many rows the most common value is.
    #[must_use]
    pub const fn most_common(mut self, rows: u64) -> Self {
        self.most_common = rows;
        self
    }

    /// The expected number of values that have a term of `bits` to themselves: each of the other values
    /// falls on it with probability 2^-bits.
    fn expected_alone(&self, bits: u8) -> f64 {
        let others = wide(self.distinct.saturating_sub(1));
        // (1 - p)^n by its logarithm: exact for the small p of long terms.
        wide(self.distinct) * (others * (-terms(bits).recip()).ln_1p()).exp()
    }

    /// The expected number of rows that a search for a value of `of` rows brings up.
    fn expected_candidates(&self, bits: u8, of: u64) -> f64 {
        wide(of) + wide(self.rows.saturating_sub(of)) / terms(bits)
    }

    fn average(&self) -> u64 {
        self.rows.checked_div(self.distinct).unwrap_or(self.rows).max(1)
    }

    /// What an index may bring up and still be one: the square root of the rows (the upper bound of
    /// CipherSweet's planner).
    fn most_candidates(&self) -> u64 {
        self.rows.isqrt()
    }

    /// Whether fewer than one value is expected to have a term of its own.
    fn is_shared(&self, bits: u8) -> bool {
        self.expected_alone(bits) < 1.0
    }

    /// Whether the most common value does not fill more of its term than others do: a term that is seen
    /// often is not, more likely than not, that value's.
    fn hides_the_most_common(&self, bits: u8) -> bool {
        self.most_common <= 1
            || wide(self.most_common) <= wide(self.rows.saturating_sub(self.most_common)) / terms(bits)
    }
}

/// How many bits a term has, and what that comes to.
///
/// ```
/// use cpni_guard::classify::{IndexPlan, Population};
///
/// // The SSNs of 20 million customers.
/// let plan = IndexPlan::propose(Population::new(20_000_000, 20_000_000))?;
/// assert_eq!((plan.bits(), plan.candidates()), (20, 21));
/// // The states that they live in: half of the rows would come up.
/// assert!(IndexPlan::propose(Population::new(20_000_000, 56)).is_err());
/// # Ok::<(), cpni_guard::error::TokenError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexPlan {
    bits: u8,
    candidates: u64,
    sharing: u64,
}

impl IndexPlan {
    /// The longest term for this population that points at nobody. An estimate: measure with your data.
    ///
    /// # Errors
    /// [`TokenError`]: why there is none.
    pub fn propose(population: Population) -> Result<Self, TokenError> {
        let longest = (1..=MAX_TERM_BITS)
            .rev()
            .find(|bits| population.is_shared(*bits) && population.hides_the_most_common(*bits));
        Self::check(longest.unwrap_or(1), population)
    }

    /// A plan of so many bits.
    ///
    /// # Errors
    /// [`TokenError::TermBits`] for no length of a term; [`TokenError::PopulationContradicts`];
    /// [`TokenError::TinyPopulation`];
    /// [`TokenError::PointsAtValues`] where values are expected to have a term to themselves;
    /// [`TokenError::ShowsTheMostCommon`]; [`TokenError::BarelyFilters`].
    pub fn check(bits: u8, population: Population) -> Result<Self, TokenError> {
        if !(1..=MAX_TERM_BITS).contains(&bits) {
            return Err(TokenError::TermBits { bits, max: MAX_TERM_BITS });
        }
        let Population { rows, distinct, most_common } = population;
        if distinct > rows || most_common > rows {
            return Err(TokenError::PopulationContradicts);
        }
        if rows < MIN_INDEXED_ROWS {
            return Err(TokenError::TinyPopulation { rows, min: MIN_INDEXED_ROWS });
        }
        let candidates = whole(population.expected_candidates(bits, population.average()));
        let max = population.most_candidates();
        if candidates > max {
            return Err(TokenError::BarelyFilters { candidates, max });
        }
        if !population.is_shared(bits) {
            return Err(TokenError::PointsAtValues { bits });
        }
        if !population.hides_the_most_common(bits) {
            return Err(TokenError::ShowsTheMostCommon { rows: most_common });
        }
        let sharing = whole(wide(distinct.saturating_sub(1)) / terms(bits));
        Ok(Self { bits, candidates, sharing })
    }

    /// Bits of a term.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.bits
    }

    /// Rows that a search brings up on average, to be opened and compared inside the library.
    #[must_use]
    pub const fn candidates(self) -> u64 {
        self.candidates
    }

    /// Other values that share a term on average: how many a stolen term could as well stand for.
    #[must_use]
    pub const fn sharing(self) -> u64 {
        self.sharing
    }
}

/// A blind index: which fields make up its term, and how long that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSpec {
    pub(super) name: FieldName,
    pub(super) fields: Vec<FieldName>,
    pub(super) plan: IndexPlan,
    pub(super) position: usize,
}

impl IndexSpec {
    /// Its name: what stands in front of the values under the key.
    #[must_use]
    pub const fn name(&self) -> &FieldName {
        &self.name
    }

    /// The fields whose values make up a term, in this order.
    #[must_use]
    pub fn fields(&self) -> &[FieldName] {
        &self.fields
    }

    /// How long a term is.
    #[must_use]
    pub const fn plan(&self) -> IndexPlan {
        self.plan
    }

    /// Its position in [`super::Schema::indexes`]. It changes with the schema: never store it.
    pub(crate) const fn position(&self) -> usize {
        self.position
    }
}

/// Why a field of this class is not indexed; `None` where it may be.
pub(super) const fn why_not_indexed(class: DataClass) -> Option<&'static str> {
    Some(match class {
        DataClass::AuthSecret => "a secret is compared, never searched: equal terms would show equal secrets",
        DataClass::SsnLast4 => "four digits have 10,000 values: every term would be known by counting",
        DataClass::Survivor => "what a line-separation request holds is found by nobody (47 USC 345)",
        DataClass::Location => "equal terms would show who was at the same place",
        DataClass::CallDetail => "equal terms would show who called the same number",
        DataClass::Billing => "amounts repeat: equal terms would show them",
        DataClass::Identity
        | DataClass::Address
        | DataClass::Biographical
        | DataClass::Ssn
        | DataClass::OtherGovernmentId
        | DataClass::AccountInfo
        | DataClass::ServiceDetails
        | DataClass::DeviceId
        | DataClass::Payment
        | DataClass::DirectoryListing => return None,
    })
}

/// How many terms there are. Exact: a power of two.
fn terms(bits: u8) -> f64 {
    2_f64.powi(bits.into())
}

#[expect(clippy::cast_precision_loss, reason = "estimates: 53 bits of a count are enough")]
const fn wide(count: u64) -> f64 {
    count as f64
}

/// Rounded up; what no number holds is the largest.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and counts are not negative"
)]
fn whole(count: f64) -> u64 {
    count.ceil() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(rows: u64, distinct: u64) -> Result<u8, TokenError> {
        IndexPlan::propose(Population::new(rows, distinct)).map(IndexPlan::bits)
    }

    #[test]
    fn identifiers_that_occur_once_have_about_as_many_bits_as_the_population_less_its_logarithm() {
        let proposed = [1_000, 10_000, 100_000, 1_000_000, 20_000_000, 100_000_000, 1_000_000_000]
            .map(|rows| bits(rows, rows).unwrap());
        assert_eq!(proposed, [7, 10, 13, 16, 20, 22, 25]);
    }

    #[test]
    fn a_tiny_population_has_no_plan() {
        let refused = |rows| TokenError::TinyPopulation { rows, min: MIN_INDEXED_ROWS };
        assert_eq!(bits(MIN_INDEXED_ROWS - 1, MIN_INDEXED_ROWS - 1), Err(refused(999)));
        assert_eq!(IndexPlan::propose(Population::new(0, 0).most_common(0)), Err(refused(0)));
        assert!(bits(MIN_INDEXED_ROWS, MIN_INDEXED_ROWS).is_ok());
        // Somebody counted wrong.
        assert_eq!(bits(1_000, 1_001), Err(TokenError::PopulationContradicts));
    }

    #[test]
    fn what_hardly_filters_has_no_plan() {
        // States, years of birth, and yes or no: they come up by the thousand whatever the term.
        for distinct in [56, 100, 2] {
            let refused = bits(20_000_000, distinct).unwrap_err();
            assert!(matches!(refused, TokenError::BarelyFilters { max: 4472, .. }), "{refused}");
        }
        // ZIP codes alone: 476 people share one on average, and as many terms would have to.
        assert!(matches!(bits(20_000_000, 42_000), Err(TokenError::BarelyFilters { .. })));
        // With the last name, they filter.
        assert_eq!(bits(20_000_000, 12_000_000), Ok(19));
    }

    #[test]
    fn a_plan_of_ones_own_is_held_to_the_same() {
        let customers = Population::new(20_000_000, 20_000_000);
        assert!(IndexPlan::check(20, customers).is_ok() && IndexPlan::check(13, customers).is_ok());
        assert_eq!(IndexPlan::check(21, customers), Err(TokenError::PointsAtValues { bits: 21 }));
        assert!(matches!(IndexPlan::check(12, customers), Err(TokenError::BarelyFilters { .. })));
        for bits in [0, 33] {
            assert_eq!(IndexPlan::check(bits, customers), Err(TokenError::TermBits { bits, max: 32 }));
        }
    }

    #[test]
    fn a_value_that_half_the_customers_have_is_seen() {
        let names = Population::new(20_000_000, 12_000_000);
        assert_eq!(
            IndexPlan::check(19, names.most_common(1_000)),
            Err(TokenError::ShowsTheMostCommon { rows: 1_000 })
        );
        // Fewer bits hide it, as far as they still filter.
        assert_eq!(IndexPlan::propose(names.most_common(1_000)).map(IndexPlan::bits), Ok(14));
        assert!(IndexPlan::propose(names.most_common(10_000_000)).is_err());
    }

    /// The estimates against a thrown sample: values on terms, as a keyed hash throws them.
    #[test]
    fn a_sample_has_as_many_candidates_as_planned_and_nobody_alone() {
        let rows = 20_000_u64;
        let plan = IndexPlan::propose(Population::new(rows, rows)).unwrap();
        let mut state = 7_u64;
        let mut on = vec![0_u64; 1 << plan.bits()];
        for _ in 0..rows {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            on[usize::try_from(state >> (64 - plan.bits())).unwrap()] += 1;
        }
        let alone = on.iter().filter(|count| **count == 1).count();
        assert!(alone <= 2, "{alone} values have a term of their own");
        // A row's own term is met in proportion to its size.
        let met = on.iter().map(|count| count * count).sum::<u64>() / rows;
        assert!(met.abs_diff(plan.candidates()) <= 2, "{met} candidates, {} planned", plan.candidates());
    }

    proptest! {
        #[test]
        fn no_population_breaks_a_plan_and_what_is_proposed_passes(
            rows in any::<u64>(), distinct in any::<u64>(), most in any::<u64>(), bits in any::<u8>(),
        ) {
            for population in [Population::new(rows, distinct), Population::new(rows, distinct).most_common(most)] {
                let _checked = IndexPlan::check(bits, population);
                if let Ok(plan) = IndexPlan::propose(population) {
                    prop_assert_eq!(IndexPlan::check(plan.bits(), population), Ok(plan));
                    prop_assert!(plan.candidates() <= rows.isqrt() && plan.sharing() >= 1);
                }
            }
        }
    }
}
