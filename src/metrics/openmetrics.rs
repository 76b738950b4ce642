//! OpenMetrics text (version 1.0): families with type, unit and help, samples, and the end. No floating point is used: what
//! has a fraction is written from whole numbers. What there is to say is left to the tables and to the roles.

use core::fmt::{self, Write};

use super::{Counter, Histogram};

/// What a whole number stands for in the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scale {
    /// Itself.
    Ones,
    /// Thousandths, of a second mostly.
    Millis,
    /// Millionths.
    Micros,
}

/// A number with the fraction that its scale gives it, at least one digit of it.
struct Decimal(u64, Scale);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decimal(value, scale) = *self;
        let (per, mut width) = match scale {
            Scale::Ones => (1, 1),
            Scale::Millis => (1_000, 3),
            Scale::Micros => (1_000_000, 6),
        };
        let (whole, mut fraction) = (value / per, value % per);
        while width > 1 && fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        write!(f, "{whole}.{fraction:0width$}")
    }
}

/// Writes the families of one role, one after another.
pub(crate) struct Families<'a, W: Write> {
    prefix: &'static str,
    out: &'a mut W,
}

impl<'a, W: Write> Families<'a, W> {
    pub(crate) fn new(prefix: &'static str, out: &'a mut W) -> Families<'a, W> {
        Families { prefix, out }
    }

    /// A name that ends in a unit has it said.
    fn begin(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        let prefix = self.prefix;
        writeln!(self.out, "# TYPE {prefix}_{name} {kind}")?;
        if let Some(unit) = ["bytes", "seconds"].iter().find(|unit| name.ends_with(**unit)) {
            writeln!(self.out, "# UNIT {prefix}_{name} {unit}")?;
        }
        writeln!(self.out, "# HELP {prefix}_{name} {}", help.trim())
    }

    /// The counters of arrival: one family, whose sum is the frames received.
    pub(super) fn arrivals(&mut self, counters: &[Counter], values: &[u64]) -> fmt::Result {
        self.begin("frames_received", "counter", "Frames received, by what became of each.")?;
        for (counter, value) in counters.iter().zip(values).filter(|(counter, _)| counter.arrival) {
            let outcome = counter.name.trim_start_matches("frames_").trim_end_matches("_total");
            writeln!(self.out, "{}_frames_received_total{{outcome=\"{outcome}\"}} {value}", self.prefix)?;
        }
        Ok(())
    }

    /// The other counters: a family each.
    pub(super) fn counters(&mut self, counters: &[Counter], values: &[u64]) -> fmt::Result {
        for (counter, value) in counters.iter().zip(values).filter(|(counter, _)| !counter.arrival) {
            self.begin(counter.name.trim_end_matches("_total"), "counter", counter.help)?;
            writeln!(self.out, "{}_{} {value}", self.prefix, counter.name)?;
        }
        Ok(())
    }

    pub(super) fn histogram<const SHIFT: u32>(
        &mut self,
        name: &str,
        help: &str,
        histogram: &Histogram<SHIFT>,
        scale: Scale,
    ) -> fmt::Result {
        self.begin(name, "histogram", help)?;
        let prefix = self.prefix;
        let mut below = 0u64;
        for (bound, count) in histogram.buckets() {
            below += count;
            match bound {
                Some(bound) => {
                    writeln!(self.out, "{prefix}_{name}_bucket{{le=\"{}\"}} {below}", Decimal(bound, scale))?;
                }
                None => writeln!(self.out, "{prefix}_{name}_bucket{{le=\"+Inf\"}} {below}")?,
            }
        }
        writeln!(self.out, "{prefix}_{name}_count {below}")?;
        writeln!(self.out, "{prefix}_{name}_sum {}", Decimal(histogram.sum(), scale))
    }

    /// A value as it is now. One that is not known is left out, with its family.
    pub(crate) fn gauge(&mut self, name: &str, help: &str, value: Option<u64>, scale: Scale) -> fmt::Result {
        let Some(value) = value else { return Ok(()) };
        self.begin(name, "gauge", help)?;
        writeln!(self.out, "{}_{name} {}", self.prefix, Decimal(value, scale))
    }

    /// Several values of one kind, told apart by a label.
    pub(crate) fn gauges<'v>(
        &mut self,
        (name, label): (&str, &str),
        help: &str,
        values: impl Iterator<Item = (&'v str, u64)>,
    ) -> fmt::Result {
        self.begin(name, "gauge", help)?;
        for (which, value) in values {
            writeln!(self.out, "{}_{name}{{{label}=\"{which}\"}} {value}", self.prefix)?;
        }
        Ok(())
    }

    /// The last line.
    pub(crate) fn end(self) -> fmt::Result {
        self.out.write_str("# EOF\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn fractions_are_written_without_zeros_at_the_end_but_the_first() {
        let text = |value, scale| Decimal(value, scale).to_string();
        assert_eq!([text(0, Scale::Ones), text(7, Scale::Ones)], ["0.0", "7.0"]);
        assert_eq!(
            [text(1, Scale::Millis), text(1_024, Scale::Millis), text(500, Scale::Millis)],
            ["0.001", "1.024", "0.5"]
        );
        assert_eq!([text(64, Scale::Micros), text(2_000_000, Scale::Micros)], ["0.000064", "2.0"]);
    }
}
