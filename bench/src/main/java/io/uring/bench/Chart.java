package io.uring.bench;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** A bar per contender, as long as its figure: shorter is better. */
final class Chart {
    private static final int BAR_HEIGHT = 18;
    private static final int BAR_GAP = 6;
    private static final int LABEL_WIDTH = 170;
    private static final int BAR_WIDTH_MAX = 560;
    private static final int VALUE_WIDTH = 130;
    private static final List<String> OURS = List.of("net", "net-spin", "jetty-uring");

    private Chart() {}

    static String of(Table table, String title, String unit, ToDoubleFunction<Row> figure) {
        double longest = table.rows().stream().mapToDouble(figure).max().orElse(0);
        int width = LABEL_WIDTH + BAR_WIDTH_MAX + VALUE_WIDTH;
        int height = table.rows().size() * (BAR_HEIGHT + BAR_GAP);
        StringBuilder svg = new StringBuilder();
        svg.append(
                """
                <p>%s, %s (shorter is better)</p>
                <svg role="img" aria-label="%s" viewBox="0 0 %d %d" width="%d" height="%d">
                """
                        .formatted(title, unit, title, width, height, width, height));
        int y = 0;
        for (Row row : table.rows()) {
            double value = figure.applyAsDouble(row);
            double bar = longest == 0 ? 0 : value / longest * BAR_WIDTH_MAX;
            svg.append(bar(row, y, bar, "%.3f %s".formatted(value, unit)));
            y += BAR_HEIGHT + BAR_GAP;
        }
        return svg.append("</svg>\n").toString();
    }

    private static String bar(Row row, int y, double length, String value) {
        String name = row.contender().name();
        int baseline = y + BAR_HEIGHT - 4;
        return """
        <text x="0" y="%d">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>\
        <text x="%.1f" y="%d">%s</text>
        """
                .formatted(
                        baseline,
                        HtmlReport.escape(name),
                        LABEL_WIDTH,
                        y,
                        length,
                        BAR_HEIGHT,
                        OURS.contains(name) ? "#d9622b" : "#7d93ad",
                        LABEL_WIDTH + length + 6,
                        baseline,
                        value);
    }
}
