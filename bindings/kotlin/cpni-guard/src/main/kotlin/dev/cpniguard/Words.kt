package dev.cpniguard

// The words in which a decision is told, as the generated code has them.

public typealias CallDirection = dev.cpniguard.ffi.CallDirection
public typealias DataClass = dev.cpniguard.ffi.DataClass
public typealias DisclosureForm = dev.cpniguard.ffi.DisclosureForm
public typealias DisclosureScope = dev.cpniguard.ffi.DisclosureScope
public typealias Obligation = dev.cpniguard.ffi.Obligation
public typealias Outcome = dev.cpniguard.ffi.Outcome
public typealias Remedy = dev.cpniguard.ffi.Remedy
public typealias WithheldBecause = dev.cpniguard.ffi.WithheldBecause

/** The decision on a field or an action. */
public typealias Decision = dev.cpniguard.ffi.Answer
public typealias DeviceRule = dev.cpniguard.ffi.DeviceRule
public typealias RemedyPath = dev.cpniguard.ffi.RemedyPath
public typealias RemedyStep = dev.cpniguard.ffi.RemedyStep
