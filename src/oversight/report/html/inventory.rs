//! The section on fields and where their values went.

use super::{Cell, Col, Page, fmt, moment, note, table, words};
use crate::oversight::report::figure::{Figure, thousands};
use crate::oversight::report::inventory::{FieldInventory, SinkShare};

impl Page<'_> {
    pub(super) fn inventory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inventory = &self.0.inventory;
        note(
            f,
            "Each field of the schema, and where its values went in the period, says the log. What was decided and then not carried out is among it. Sealing, and comparing with a photo ID or a named call, is counted by the process that made this report, since it started.",
        )?;
        let heads = [
            (Col::Text, "field"),
            (Col::Text, "labels"),
            (Col::Text, "since the start"),
            (Col::Number, "given out"),
            (Col::Number, "withheld"),
        ];
        let fields = |fields: &[FieldInventory]| fields.iter().map(|field| self.field(field)).collect();
        table(f, "Fields of the schema", &heads, fields(&inventory.fields))?;
        if !inventory.not_in_schema.is_empty() {
            let caption = "In the log, and not in today\u{2019}s schema under that class";
            table(f, caption, &heads, fields(&inventory.not_in_schema))?;
        }
        let all = inventory.fields.iter().chain(&inventory.not_in_schema);
        let rows = all.flat_map(|field| field.sinks.iter().map(move |sink| (field, sink)));
        let rows = rows.map(|(field, sink)| {
            let mut who = vec![listed(&sink.roles), listed(&sink.channels)];
            let employers = sink.employers.iter().filter(|share| share.of.is_some()).count();
            who.push(format!("employers: {employers}"));
            vec![
                Cell::Id(field.field.clone(), Some(words(field.class))),
                Cell::Text(sink.sink.words().into()),
                Cell::Number(sink.count.to_string()),
                Cell::Time(moment(&sink.first)),
                Cell::Time(moment(&sink.last)),
                Cell::Text(who.join("; ")),
            ]
        });
        let heads = [
            (Col::Text, "field"),
            (Col::Text, "where to"),
            (Col::Number, "times"),
            (Col::Text, "first"),
            (Col::Text, "last"),
            (Col::Text, "roles; channels; employers"),
        ];
        table(f, "Where values went", &heads, rows.collect())
    }

    fn field(&self, field: &FieldInventory) -> Vec<Cell> {
        let given = field.sinks.iter().map(|sink| sink.count.count()).fold(0, u64::saturating_add);
        let mut below = words(field.class);
        for (what, more) in [(", ", field.kind), (", from ", field.derived_from.as_deref())] {
            if let Some(more) = more {
                below.push_str(what);
                below.push_str(more);
            }
        }
        let since_start = field.since_start.map_or("not known".into(), |here| {
            format!("{} sealed, {} compared", thousands(here.sealed), thousands(here.compared))
        });
        vec![
            Cell::Id(field.field.clone(), Some(below)),
            Cell::Text(field.labels.join(", ")),
            Cell::Text(since_start),
            Cell::Number(Figure::new(given, self.0.complete).to_string()),
            Cell::Number(field.withheld.to_string()),
        ]
    }
}

fn listed(shares: &[SinkShare]) -> String {
    let names = shares.iter().map(|share| share.of.as_deref().unwrap_or("not known"));
    names.collect::<Vec<_>>().join(", ")
}
