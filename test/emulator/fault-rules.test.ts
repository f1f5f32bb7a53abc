import { expect, test, vi } from 'vitest'
import { createRule, firstStruck, type Rule } from '../../src/emulator/fault-rules.js'

test('a rule whose time is over goes by itself, whatever it is asked for', () => {
  const rules = new Map<Rule<string>, string>()
  const add = (name: string, until?: number) => {
    const rule: Rule<string> = createRule((access: string) => access === name, {
      until,
      remove: () => rules.delete(rule),
    })
    rules.set(rule, name)
    return rule
  }
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
  try {
    const brief = add('brief', 100)
    add('lasting')
    expect(firstStruck(rules, 'brief')).toBe('brief')
    clock.mockReturnValue(99)
    expect(firstStruck(rules, 'another')).toBeUndefined()
    expect([...rules.values()]).toEqual(['brief', 'lasting'])
    clock.mockReturnValue(100)
    expect(firstStruck(rules, 'another')).toBeUndefined()
    expect([...rules.values()]).toEqual(['lasting'])
    expect(brief.hits).toBe(1)
  } finally {
    clock.mockRestore()
  }
})
