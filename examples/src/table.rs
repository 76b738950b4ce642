//! Tables and numbers for people.

/// A number with a comma every three digits.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Rows under a headline. The first column stands left, the others right; a column is as wide as its widest cell.
pub fn render(headline: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .chain([headline[column].chars().count()])
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headline.len()).map(width).collect();
    let line = |cells: &[String]| {
        let mut out = String::new();
        for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            if column == 0 {
                out += &format!("{gap}{cell:<width$}");
            } else {
                out += &format!("{gap}{cell:>width$}");
            }
        }
        out.trim_end().to_owned() + "\n"
    };
    let headline: Vec<String> = headline.iter().map(|cell| (*cell).to_owned()).collect();
    line(&headline) + &rows.iter().map(|row| line(row)).collect::<String>()
}

/// Items with commas between them, on lines of at most `width`, the first behind `title` and the others under it. Nothing
/// for no items.
pub fn paragraph(title: &str, items: &[String], width: usize) -> String {
    let indent = " ".repeat(title.chars().count());
    let mut out = String::new();
    let mut line = title.to_owned();
    for (at, item) in items.iter().enumerate() {
        let item = if at + 1 < items.len() { format!("{item},") } else { item.clone() };
        if line.len() > title.len() && line.len() + 1 + item.len() > width {
            out += line.trim_end();
            out.push('\n');
            line = indent.clone();
        }
        line += &item;
        line.push(' ');
    }
    if items.is_empty() {
        return out;
    }
    out + line.trim_end() + "\n"
}

/// The value below which `share` of the sorted values lie; 0 without values.
pub fn percentile(sorted: &[u64], share: f64) -> u64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).ceil() as usize).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_and_columns_stand_under_one_another() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        let rows = [vec!["edge-1".into(), "9".into()], vec!["e".into(), "1,204".into()]];
        assert_eq!(render(&["node", "frames"], &rows), "node    frames\nedge-1       9\ne        1,204\n");
    }

    #[test]
    fn a_paragraph_is_broken_between_items() {
        let items = ["one 1", "two 2", "three 3"].map(str::to_owned);
        assert_eq!(paragraph("all: ", &items, 20), "all: one 1, two 2,\n     three 3\n");
        assert_eq!(paragraph("all: ", &[], 20), "");
    }

    #[test]
    fn percentiles_of_few_values() {
        assert_eq!(percentile(&[], 0.5), 0);
        assert_eq!(percentile(&[7], 0.99), 7);
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!((percentile(&hundred, 0.5), percentile(&hundred, 0.99), percentile(&hundred, 1.0)), (51, 100, 100));
    }
}
