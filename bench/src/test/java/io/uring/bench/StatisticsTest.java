package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

final class StatisticsTest {
    @Test
    void medianOfAnOddNumberIsTheMiddleOne() {
        assertEquals(2, Statistics.median(List.of(9.0, 1.0, 2.0)));
    }

    @Test
    void medianOfAnEvenNumberIsTheMeanOfTheMiddleTwo() {
        assertEquals(2.5, Statistics.median(List.of(9.0, 1.0, 2.0, 3.0)));
    }

    @Test
    void medianOfNothingIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Statistics.median(List.of()));
    }

    @Test
    void spreadIsTheDistanceOfTheExtremesAsAShareOfTheMedian() {
        assertEquals(0.5, Statistics.spread(List.of(3.0, 5.0, 4.0)));
        assertEquals(0, Statistics.spread(List.of(0.0, 0.0)));
    }
}
