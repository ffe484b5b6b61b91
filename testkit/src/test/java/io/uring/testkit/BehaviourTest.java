package io.uring.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

final class BehaviourTest {
    @Test
    @Behaviour({"XMP-01", "XMP-02"})
    void idsAreVisibleAtRunTime(TestInfo info) {
        String[] ids = info.getTestMethod().orElseThrow().getAnnotation(Behaviour.class).value();
        assertArrayEquals(new String[] {"XMP-01", "XMP-02"}, ids);
    }
}
