// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {Authorization} from "../Authorization.sol";
import {IRegistry} from "../IRegistry.sol";
import {World} from "./World.sol";

contract RegistryTest is World {
    uint256 private constant ANN = 0xA1;
    uint256 private constant BOB = 0xB0B;
    bytes32 private constant BEES = "bees";

    function _passed() private {
        _propose(ANN, BEES);
        _poll(BEES, true);
        vm.warp(block.timestamp + WINDOW);
    }

    function _snapshot() private {
        vm.prank(OPERATOR);
        registry.anchorSnapshot(BEES, "root", 480);
    }

    function _adapter() private {
        vm.prank(OPERATOR);
        registry.commitAdapter(BEES, "base", "adapter", "root", "evaluation");
    }

    function _release(uint16 number) private {
        vm.prank(OPERATOR);
        registry.release(BEES, number, "adapter", "release");
    }

    function _annHas(uint256 units) private view {
        _equal(token.balanceOf(vm.addr(ANN)), units, "proposer's tokens");
    }

    // Proposals and bonds

    function test_aProposalTakesItsBondByTheProposersSignature() public {
        _propose(ANN, BEES);
        _statusIs(BEES, IRegistry.Status.Proposed);
        _equal(token.balanceOf(address(registry)), BOND, "held");
        Authorization memory again = _sign(ANN, address(registry), BOND, "again");
        _refuses(IRegistry.ProposalExists.selector);
        registry.propose(BEES, "content", vm.addr(ANN), BOND, again);
    }

    function testFuzz_aBondSignatureFitsNoOtherProposal(bytes32 proposalId, bytes32 contentHash) public {
        vm.assume(proposalId != BEES || contentHash != "content");
        _mint(vm.addr(ANN), BOND);
        bytes32 nonce = keccak256(abi.encode(registry.PROPOSE(), BEES, bytes32("content")));
        Authorization memory a = _sign(ANN, address(registry), BOND, nonce);
        _refuses(ERC3009.ERC3009InvalidSignature.selector);
        registry.propose(proposalId, contentHash, vm.addr(ANN), BOND, a);
    }

    function test_aBondBelowTheLeastIsRefused() public {
        Authorization memory a = _sign(ANN, address(registry), LEAST_BOND - 1, 0);
        _refuses(IRegistry.BondTooSmall.selector);
        registry.propose(BEES, "content", vm.addr(ANN), LEAST_BOND - 1, a);
    }

    function testFuzz_theBondReturnsByMilestonesToTheUnit(uint64 bond) public {
        bond = LEAST_BOND + (bond % 1e15);
        _mint(vm.addr(ANN), bond);
        bytes32 nonce = keccak256(abi.encode(registry.PROPOSE(), BEES, bytes32("content")));
        registry.propose(BEES, "content", vm.addr(ANN), bond, _sign(ANN, address(registry), bond, nonce));
        _poll(BEES, true);
        vm.warp(block.timestamp + WINDOW);
        _snapshot();
        _annHas(bond / 3);
        _snapshot(); // a second snapshot earns nothing
        _annHas(bond / 3);
        _adapter();
        _annHas((uint256(bond) * 2) / 3);
        _release(1);
        _annHas(bond);
        _equal(token.balanceOf(address(registry)), 0, "held");
    }

    function test_aLostVoteReturnsTheWholeBond() public {
        _propose(ANN, BEES);
        _poll(BEES, false);
        _refuses(IRegistry.WrongStatus.selector);
        registry.close(BEES);
        vm.warp(block.timestamp + WINDOW);
        registry.close(BEES);
        _annHas(BOND);
        _statusIs(BEES, IRegistry.Status.Rejected);
        _refuses(IRegistry.WrongStatus.selector);
        registry.close(BEES);
    }

    function test_aMissedDeadlineReturnsWhatIsHeld() public {
        _passed();
        _snapshot();
        vm.warp(block.timestamp + TERM);
        _statusIs(BEES, IRegistry.Status.Expired);
        vm.prank(OPERATOR);
        _refuses(IRegistry.WrongStatus.selector);
        registry.anchorSnapshot(BEES, "late", 1);
        registry.close(BEES);
        _annHas(BOND);
    }

    // Order of the record

    function test_nothingIsDeliveredBeforeThePollIsFinal() public {
        _propose(ANN, BEES);
        _poll(BEES, true);
        vm.prank(OPERATOR);
        _refuses(IRegistry.WrongStatus.selector);
        registry.anchorSnapshot(BEES, "root", 480);
    }

    function test_anAdapterNeedsItsSnapshotAndAReleaseItsAdapter() public {
        _passed();
        vm.prank(OPERATOR);
        _refuses(IRegistry.SnapshotUnknown.selector);
        registry.commitAdapter(BEES, "base", "adapter", "root", "evaluation");
        _snapshot();
        vm.prank(OPERATOR);
        _refuses(IRegistry.AdapterUnknown.selector);
        registry.release(BEES, 1, "adapter", "release");
        _adapter();
        vm.prank(OPERATOR);
        _refuses(IRegistry.WrongReleaseNumber.selector);
        registry.release(BEES, 2, "adapter", "release");
        _release(1);
        _release(2);
        _equal(registry.proposal(BEES).releases, 2, "releases");
    }

    function test_onlyTheRegistrarWritesTheRecord() public {
        _passed();
        _refuses(IRegistry.NotRegistrar.selector);
        registry.anchorSnapshot(BEES, "root", 480);
        _refuses(IRegistry.NotRegistrar.selector);
        registry.anchorLedger("root", 1, 2);
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        vm.prank(OPERATOR);
        registry.appointRegistrar(OPERATOR);
    }

    function test_aLedgerRangeRunsForward() public {
        vm.prank(OPERATOR);
        _refuses(IRegistry.RangeBackwards.selector);
        registry.anchorLedger("root", 5, 4);
    }

    // Pledges

    function test_pledgesGoToTheTreasuryAtTheRelease() public {
        _passed();
        _pledge(BOB, BEES, 7e6, "one");
        _snapshot();
        _adapter();
        _release(1);
        _equal(token.balanceOf(TREASURY), 7e6, "treasury");
        Authorization memory a = _sign(BOB, address(registry), 1, 0);
        _refuses(IRegistry.WrongStatus.selector);
        registry.pledge(BEES, vm.addr(BOB), 1, "late", a);
        _refuses(IRegistry.WrongStatus.selector);
        registry.refundPledge(BEES, vm.addr(BOB));
    }

    function test_pledgesReturnOnceWhenTheModelIsNotReleased() public {
        _propose(ANN, BEES);
        _pledge(BOB, BEES, 3e6, "one");
        _pledge(BOB, BEES, 4e6, "two");
        _refuses(IRegistry.WrongStatus.selector);
        registry.refundPledge(BEES, vm.addr(BOB));
        _poll(BEES, false);
        vm.warp(block.timestamp + WINDOW);
        registry.refundPledge(BEES, vm.addr(BOB));
        _equal(token.balanceOf(vm.addr(BOB)), 7e6, "refunded");
        _refuses(IRegistry.NothingPledged.selector);
        registry.refundPledge(BEES, vm.addr(BOB));
    }

    // Slashing

    function test_aSlashWaitsForObjectionsAndTakesWhatIsHeld() public {
        _passed();
        _snapshot();
        vm.prank(ARBITER);
        registry.accuse(BEES, IRegistry.Fault.FalsifiedDeliverable, "evidence");
        _adapter(); // delivered under accusation: nothing returns meanwhile
        _annHas(BOND / 3);
        vm.prank(OPERATOR);
        _refuses(IRegistry.AlreadyAccused.selector);
        registry.release(BEES, 1, "adapter", "release");
        vm.prank(ARBITER);
        _refuses(IRegistry.ObjectionsOpen.selector);
        registry.slash(BEES);
        vm.warp(block.timestamp + OBJECTIONS);
        vm.prank(ARBITER);
        registry.slash(BEES);
        _equal(token.balanceOf(TREASURY), BOND - BOND / 3, "slashed");
        _statusIs(BEES, IRegistry.Status.Slashed);
    }

    function test_aDroppedAccusationPaysWhatWasEarned() public {
        _passed();
        vm.prank(ARBITER);
        registry.accuse(BEES, IRegistry.Fault.Spam, "evidence");
        _snapshot();
        _adapter();
        _snapshot(); // a later snapshot takes no milestone back
        _annHas(0);
        vm.prank(GUARDIAN);
        registry.dropAccusation(BEES, "finding");
        _annHas((uint256(BOND) * 2) / 3);
        vm.prank(ARBITER);
        _refuses(IRegistry.NotAccused.selector);
        registry.slash(BEES);
    }

    function test_onlyAnArbiterSlashes() public {
        _propose(ANN, BEES);
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        registry.accuse(BEES, IRegistry.Fault.Spam, "evidence");
        vm.prank(ARBITER);
        registry.accuse(BEES, IRegistry.Fault.Spam, "evidence");
        vm.warp(block.timestamp + OBJECTIONS);
        vm.prank(GUARDIAN);
        _refuses(IAccessManaged.AccessManagedUnauthorized.selector);
        registry.slash(BEES);
    }
}
