package dev.cpniguard

import java.time.Duration
import java.time.Instant
import dev.cpniguard.ffi.HostRisk as FfiRisk
import dev.cpniguard.ffi.RiskEffect as FfiEffect
import dev.cpniguard.ffi.RiskRule as FfiRule
import dev.cpniguard.ffi.RiskSource as FfiSource
import dev.cpniguard.ffi.TransactionRules as FfiRules

/** The host's fraud and device systems: [GuardBuilder.risks]. */
public fun interface RiskSource {
    /** What is known of a request on an account. Where this throws, everything is unknown, and counts as there. */
    public fun risk(account: String, action: Action): HostRisk
}

/**
 * What the host's systems know of a request. `null` is unknown, and counts as there. It prints nothing.
 *
 * [newDevice]: the device from which it is asked for is new to the account. [device]: the host's id of that device, to count
 * by; `null`: not counted. [accountOpened]: when the account was opened. [unlockEligible]: whether the handset may be
 * unlocked by the carrier's terms; unknown is not.
 */
public class HostRisk @JvmOverloads constructor(
    newDevice: Boolean? = null,
    device: String? = null,
    accountOpened: Instant? = null,
    unlockEligible: Boolean? = null,
) {
    internal val ffi = calling { FfiRisk(newDevice, device, accountOpened?.micros(), unlockEligible) }

    override fun toString(): String = "HostRisk(..)"
}

/** What a rule of risk asks for. */
public sealed class RiskEffect {
    /** That it waits so long, in whole seconds. */
    public data class Wait(val time: Duration) : RiskEffect()

    /** A second person's approval. */
    public object SecondPerson : RiskEffect() {
        override fun toString(): String = "SecondPerson"
    }

    /** That it is not done. */
    public object Refuse : RiskEffect() {
        override fun toString(): String = "Refuse"
    }

    internal fun ffi(): FfiEffect = when (this) {
        is Wait -> FfiEffect.Wait(time.seconds.coerceAtLeast(0).toULong())
        is SecondPerson -> FfiEffect.SecondPerson
        is Refuse -> FfiEffect.Refuse
    }

    internal companion object {
        fun of(ffi: FfiEffect): RiskEffect = when (ffi) {
            is FfiEffect.Wait -> Wait(Duration.ofSeconds(ffi.secs.toLong()))
            is FfiEffect.SecondPerson -> SecondPerson
            is FfiEffect.Refuse -> Refuse
        }
    }
}

/**
 * A rule of risk.
 *
 * @property id its id, for audit events. Never reuse one.
 * @property title what it says, in one line for a supervisor.
 * @property kinds the kinds that it is about.
 * @property facts it applies where all of these are so.
 * @property effect what it asks for.
 */
public data class RiskRule(
    val id: String,
    val title: String,
    val kinds: Set<TransactionKind>,
    val facts: Set<RiskFact>,
    val effect: RiskEffect,
) {
    internal fun ffi() = FfiRule(id, title, kinds.toList(), facts.toList(), effect.ffi())

    internal companion object {
        fun of(ffi: FfiRule) = RiskRule(ffi.id, ffi.title, ffi.kinds.toSet(), ffi.facts.toSet(), RiskEffect.of(ffi.effect))
    }
}

/**
 * The rules of risk of a carrier, and its delays: [GuardBuilder.transactionRules]. Each method gives other rules, and leaves
 * these as they are.
 */
public class TransactionRules private constructor(internal val ffi: FfiRules) {
    /**
     * With one more rule, or another one of the same id in its place. [ErrorCode.TRANSACTION_PORT_RULE]: none refuses
     * port-outs.
     */
    public fun with(rule: RiskRule): TransactionRules = TransactionRules(calling { ffi.with(rule.ffi()) })

    /** Without the rule of this id. */
    public fun without(id: String): TransactionRules = TransactionRules(calling { ffi.without(id) })

    /** How long the removal of a lock takes, in place of a day. In whole seconds. */
    public fun lockRemovalDelay(delay: Duration): TransactionRules =
        TransactionRules(calling { ffi.lockRemovalDelay(delay.seconds.coerceAtLeast(0).toULong()) })

    /** Has an objection stop a port-out too. Off by default: [portWarning] says what is at risk. */
    public fun objectionsHoldPorts(): TransactionRules = TransactionRules(calling { ffi.objectionsHoldPorts() })

    /** The rules, in the order in which they were added. */
    public fun rules(): List<RiskRule> = calling { ffi.rules() }.map { RiskRule.of(it) }

    /** What is at risk where a rule or a hold is about port-outs; `null`: none is. */
    public fun portWarning(): String? = calling { ffi.portWarning() }

    override fun toString(): String = "TransactionRules(${rules().map { it.id }})"

    public companion object {
        /** The library's own: none of it is law, and none is about port-outs. */
        @JvmStatic
        public fun libraryDefault(): TransactionRules = TransactionRules(calling { FfiRules.libraryDefault() })
    }
}

internal fun RiskSource.ffi() = object : FfiSource {
    override fun risk(account: String, action: Action) = answer { this@ffi.risk(account, action).ffi }
}
