package io.uring.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.uring.architecture.fixture.Offender;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Rules over the compiled classes of all modules. */
final class DependencyRulesTest {
    private static final String INTERNAL = "io.uring.ring.internal..";
    private static final Set<String> UNSAFE_METHODS = Set.of("reinterpret", "ofAddress");

    private static final JavaClasses CLASSES = Project.classes();

    private static final ArchRule ARROWS_POINT_DOWN = arrowsPointDown();

    private static final ArchRule NO_PACKAGE_CYCLES =
            slices().matching("io.uring.(**)").should().beFreeOfCycles().allowEmptyShould(true);

    /** Not Netty's Channel.Unsafe, which is about something else. */
    private static final Set<String> UNSAFES =
            Set.of("sun.misc.Unsafe", "jdk.internal.misc.Unsafe");

    private static final ArchRule UNSAFE_TYPES_ONLY_INSIDE =
            noClasses()
                    .that()
                    .resideOutsideOfPackage(INTERNAL)
                    .should()
                    .dependOnClassesThat(
                            describe(
                                    "are Linker, SymbolLookup, or an Unsafe",
                                    type ->
                                            type.isEquivalentTo(Linker.class)
                                                    || type.isEquivalentTo(SymbolLookup.class)
                                                    || UNSAFES.contains(type.getFullName())))
                    .because("only ring.internal is allowed what can crash the JVM");

    private static final ArchRule UNBOUNDED_MEMORY_ONLY_INSIDE =
            noClasses()
                    .that()
                    .resideOutsideOfPackage(INTERNAL)
                    .should()
                    .accessTargetWhere(
                            describe(
                                    "MemorySegment." + UNSAFE_METHODS,
                                    (JavaAccess<?> access) ->
                                            access.getTargetOwner()
                                                            .isEquivalentTo(MemorySegment.class)
                                                    && UNSAFE_METHODS.contains(
                                                            access.getTarget().getName())))
                    .because("only ring.internal is allowed what can crash the JVM");

    private static final ArchRule INTERNAL_IS_FOR_RING_AND_TRANSPORTS =
            noClasses()
                    .that()
                    .resideOutsideOfPackages(
                            "io.uring.ring..",
                            "io.uring.reactor..",
                            "io.uring.net..",
                            "io.uring.netty..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage(INTERNAL)
                    .because("integrations and applications use the public types");

    private static final ArchRule INTERNAL_DOES_NOT_LEAK =
            noMethods()
                    .that()
                    .arePublic()
                    .and()
                    .areDeclaredInClassesThat(
                            describe(
                                    "are public and outside ring.internal",
                                    type ->
                                            type.getModifiers().contains(JavaModifier.PUBLIC)
                                                    && !isInternal(type)))
                    .should(mentionInternalTypes())
                    .allowEmptyShould(true)
                    .because("a public signature that users cannot name is useless to them");

    @Test
    void everyModuleIsSeen() {
        List<String> seen = CLASSES.stream().map(JavaClass::getPackageName).distinct().toList();
        for (String layer : Project.LAYERS) {
            assertTrue(seen.contains("io.uring." + layer), layer + " is not among " + seen);
        }
        assertFalse(Project.mainSources().isEmpty());
    }

    @Test
    void arrowsOnlyPointDown() {
        ARROWS_POINT_DOWN.check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        NO_PACKAGE_CYCLES.check(CLASSES);
    }

    @Test
    void unsafeTypesStayInside() {
        UNSAFE_TYPES_ONLY_INSIDE.check(CLASSES);
    }

    @Test
    void unboundedMemoryStaysInside() {
        UNBOUNDED_MEMORY_ONLY_INSIDE.check(CLASSES);
    }

    @Test
    void internalIsUsedByRingAndTransportsOnly() {
        INTERNAL_IS_FOR_RING_AND_TRANSPORTS.check(CLASSES);
    }

    @Test
    void internalTypesDoNotLeakIntoPublicSignatures() {
        INTERNAL_DOES_NOT_LEAK.check(CLASSES);
    }

    /** A rule that cannot fail proves nothing. */
    @Test
    void unsafeRulesBite() {
        JavaClasses offender = new ClassFileImporter().importClasses(Offender.class);
        assertTrue(UNSAFE_TYPES_ONLY_INSIDE.evaluate(offender).hasViolation());
        assertTrue(UNBOUNDED_MEMORY_ONLY_INSIDE.evaluate(offender).hasViolation());
    }

    private static ArchRule arrowsPointDown() {
        var layers = layeredArchitecture().consideringOnlyDependenciesInLayers();
        for (String layer : Project.LAYERS) {
            layers = layers.layer(layer).definedBy("io.uring." + layer + "..");
        }
        for (int i = 0; i < Project.LAYERS.size(); i++) {
            String layer = Project.LAYERS.get(i);
            String[] above =
                    Project.LAYERS.subList(i + 1, Project.LAYERS.size()).toArray(String[]::new);
            layers =
                    above.length == 0
                            ? layers.whereLayer(layer).mayNotBeAccessedByAnyLayer()
                            : layers.whereLayer(layer).mayOnlyBeAccessedByLayers(above);
        }
        return layers;
    }

    private static ArchCondition<JavaMethod> mentionInternalTypes() {
        return new ArchCondition<>("mention types of ring.internal") {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                boolean mentions =
                        isInternal(method.getRawReturnType())
                                || method.getRawParameterTypes().stream()
                                        .anyMatch(DependencyRulesTest::isInternal);
                events.add(new SimpleConditionEvent(method, mentions, method.getFullName()));
            }
        };
    }

    private static boolean isInternal(JavaClass type) {
        DescribedPredicate<JavaClass> internal = resideInAPackage(INTERNAL);
        return internal.test(type);
    }
}
