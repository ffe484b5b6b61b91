package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

final class ArgumentsTest {
    private static Plan plan(String... arguments) {
        CommandLine line = Main.commandLine();
        line.parseArgs(arguments);
        RunCommand run = line.getCommand();
        return run.plan();
    }

    @Test
    void everythingIsRunByDefault() {
        assertEquals(Scenario.list(), plan().scenarios());
        assertEquals(5, plan().rounds());
        assertEquals(0, plan().budgetSeconds());
    }

    @Test
    void quickIsBoundedAndCanBeNarrowed() {
        Plan quick = plan("--quick", "--contenders", "net,vertx", "--rounds", "2");
        assertTrue(quick.budgetSeconds() < 180);
        assertEquals(
                List.of("net", "vertx"), quick.contenders().stream().map(Contender::name).toList());
        assertEquals(2, quick.rounds());
        assertTrue(quick.scenarios().stream().allMatch(Scenario::quick));
    }

    @Test
    void unknownNamesAreRefusedWithTheKnownOnes() {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> plan("--contenders", "nett"));
        assertTrue(e.getMessage().contains("netty-uring-pooled"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> plan("--scenarios", "x"));
    }

    @Test
    void contenderIsNotServedInAModeItLacks() {
        StringWriter err = new StringWriter();
        int status =
                Main.commandLine()
                        .setErr(new PrintWriter(err))
                        .execute("serve", "jetty", "--mode", "echo");
        assertEquals(1, status);
        assertTrue(err.toString().contains("jetty does not do echo"), err.toString());
    }

    @Test
    void everyNettyContenderAlsoHasThePooledAllocator() {
        for (String transport : List.of("nio", "epoll", "uring")) {
            Contender pooled = Contender.named("netty-" + transport + "-pooled");
            assertEquals("pooled", pooled.properties().get("io.netty.allocator.type"));
        }
    }
}
