package io.uring.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class DoctorJsonTest {

    @Test
    void usableRingIsDescribed() {
        String expected =
                """
                {"usable":true,"cause":null,"remedy":null,
                "host":{"kernel":"6.18.0","architecture":"amd64","jdk":"25 (Vendor)",
                "processors":2,"container":null},
                "limits":{"lockedMemoryBytes":{"soft":8388608,"hard":null},"openFiles":null,
                "ioUringDisabled":2,"ioUringGroup":-1,"seccompMode":2},
                "features":["DEFER_TASKRUN","MULTISHOT_ACCEPT"],"unusedFeatures":["PBUF_RING"],
                "operations":["NOP","ACCEPT"],
                "plan":{"transport":"io_uring",
                "completions":"delivered when the loop asks (DEFER_TASKRUN)",
                "accept":"multishot","receive":"one by one into a buffer per receive",
                "wake-up":"an eventfd"}}
                """;

        assertEquals(
                expected.replace("\n", ""),
                DoctorJson.render(DoctorTextTest.HOST, DoctorTextTest.USABLE));
    }

    @Test
    void unusableRingHasCauseAndRemedy() {
        String json = DoctorJson.render(DoctorTextTest.HOST, DoctorTextTest.UNUSABLE);

        assertTrue(json.startsWith("{\"usable\":false,\"cause\":\"io_uring_setup: EPERM."), json);
        assertTrue(json.contains("\"remedy\":\"Ask.\""), json);
        assertTrue(json.endsWith("\"plan\":{\"transport\":\"the host's own NIO\"}}"), json);
    }
}
